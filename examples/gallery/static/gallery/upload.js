// Sends the chosen or dropped photos, a request for each, and shows how far they are. Without this file
// the form works as well: the browser then sends all photos in one request and loads the page anew.
"use strict";

// Two, so that the line is busy while the server stores the last bytes of one; more only share the line.
const MAX_AT_ONCE = 2;

const form = document.querySelector("#upload");
const input = document.querySelector("#files");
const isPrivate = document.querySelector("#private");
const sendPrivate = document.querySelector("#send-private");
const list = document.querySelector("#uploads");
const summary = document.querySelector("#summary");
const rowTemplate = document.querySelector("#upload-row");

const waiting = [];
let sending = 0;
let added = 0;

// Choosing, dropping, pasting: three ways to the same queue.

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enqueue(input.files);
  input.value = "";
});

document.addEventListener("paste", (event) => enqueue(event.clipboardData.files));

for (const type of ["dragenter", "dragover"]) {
  document.addEventListener(type, (event) => {
    // Text and links are dragged too; they are none of ours.
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault(); // says that files may be dropped here
    event.dataTransfer.dropEffect = "copy";
    document.documentElement.classList.add("dragging");
  });
}

document.addEventListener("dragleave", (event) => {
  // From one element to the next it is no leaving.
  if (!event.relatedTarget) document.documentElement.classList.remove("dragging");
});

document.addEventListener("drop", (event) => {
  document.documentElement.classList.remove("dragging");
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault(); // or the browser would leave the page and show the file
  enqueue(event.dataTransfer.files);
});

window.addEventListener("beforeunload", (event) => {
  if (sending > 0) event.preventDefault(); // the browser asks whether to break off the uploads
});

// The queue

function enqueue(files) {
  if (sending === 0) added = 0;
  for (const file of files) {
    const upload = { file, url: isPrivate.checked ? sendPrivate.formAction : form.action, row: newRow(file) };
    upload.row.leave.addEventListener("click", () => leave(upload));
    upload.row.retry.addEventListener("click", () => retry(upload));
    const problem = whyNot(file);
    if (problem) fail(upload, problem);
    else waiting.push(upload);
  }
  sendNext();
}

// Why the server would refuse a file; found here, nobody has to wait for the answer.
function whyNot(file) {
  const types = input.accept.split(",");
  // A type that the system does not know is empty; the server looks at the bytes.
  if (file.type && !types.includes(file.type)) {
    return `"${file.name}" is not taken: it is ${file.type}; taken are ${types.join(", ")}`;
  }
  if (file.size > Number(form.dataset.maxBytes)) {
    return `"${file.name}" is not taken: it has more than ${form.dataset.maxText}`;
  }
  return null;
}

function sendNext() {
  while (sending < MAX_AT_ONCE && waiting.length > 0) {
    sending += 1;
    send(waiting.shift());
  }
  summarise();
}

function send(upload) {
  const body = new FormData();
  body.append("photos", upload.file);

  // fetch() cannot tell how much has been sent.
  const request = new XMLHttpRequest();
  request.open("POST", upload.url);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", ({ loaded, total }) => showProgress(upload.row, loaded / total));
  request.addEventListener("load", () => {
    if (request.status === 201) succeed(upload);
    else fail(upload, request.response?.error ?? `the server answered with ${request.status}`, request.status >= 500);
  });
  request.addEventListener("error", () => fail(upload, "the connection was lost, or there is none", true));
  request.addEventListener("loadend", () => {
    sending -= 1;
    sendNext();
  });
  upload.request = request;
  showProgress(upload.row, 0);
  request.send(body);
}

function succeed(upload) {
  added += 1;
  remove(upload.row);
  showPhotos();
}

function fail(upload, problem, isWorthRetrying = false) {
  const { row } = upload;
  row.item.classList.add("failed");
  row.progress.hidden = true;
  row.state.setAttribute("role", "alert"); // before the text, or it is not read out
  row.state.textContent = problem;
  row.retry.hidden = !isWorthRetrying;
  row.leave.textContent = "Dismiss";
}

function retry(upload) {
  const { row } = upload;
  row.leave.focus(); // the button with the focus is about to go
  row.item.classList.remove("failed");
  row.progress.hidden = false;
  row.state.removeAttribute("role");
  row.state.textContent = "Waiting";
  row.retry.hidden = true;
  row.leave.textContent = "Cancel";
  waiting.push(upload);
  sendNext();
}

function leave(upload) {
  if (waiting.includes(upload)) waiting.splice(waiting.indexOf(upload), 1);
  upload.request?.abort();
  remove(upload.row);
  summarise();
}

// What is seen of the queue

function newRow(file) {
  const item = rowTemplate.content.cloneNode(true).firstElementChild;
  const part = (selector) => item.querySelector(selector);
  const row = { item, progress: part("progress"), state: part(".state"), retry: part(".retry"), leave: part(".leave") };
  part(".name").textContent = file.name;
  row.state.textContent = "Waiting";
  row.progress.setAttribute("aria-label", file.name);
  row.retry.setAttribute("aria-description", file.name);
  row.leave.setAttribute("aria-description", file.name);
  if (file.type.startsWith("image/")) {
    const image = part("img");
    image.src = URL.createObjectURL(file);
    for (const type of ["load", "error"]) {
      image.addEventListener(type, () => {
        image.hidden = type === "error";
        URL.revokeObjectURL(image.src);
      });
    }
  }
  list.append(item);
  return row;
}

function showProgress(row, part) {
  if (part < 1) {
    row.progress.value = part;
    row.state.textContent = `${Math.floor(part * 100)} %`;
  } else {
    row.progress.removeAttribute("value"); // how long the server stores it nobody knows
    row.state.textContent = "Saving";
  }
}

function remove(row) {
  if (row.item.contains(document.activeElement)) input.focus();
  row.item.remove();
}

function summarise() {
  const left = sending + waiting.length;
  const parts = [];
  if (left > 0) parts.push(`Uploading ${left} ${left === 1 ? "photo" : "photos"}.`);
  if (added > 0) parts.push(`${added} added.`);
  summary.textContent = parts.join(" ");
}

// Puts the photos of the first page in place of those shown, one look at a time.

let isStale = false;
let isLooking = false;

async function showPhotos() {
  isStale = true;
  if (isLooking) return; // who looks will look again
  isLooking = true;
  try {
    while (isStale) {
      isStale = false;
      const answer = await fetch("/", { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`the server answered with ${answer.status}`);
      replacePhotos(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#photos"));
    }
  } catch {
    summary.textContent = "The photos are added; load the page again to see them.";
  }
  isLooking = false;
}

function replacePhotos(fresh) {
  const shown = document.querySelector("#photos");
  const focused = shown.contains(document.activeElement) ? document.activeElement : null;
  const focusedId = focused?.closest(".photo")?.dataset.id;
  for (const card of fresh.querySelectorAll(".photo")) {
    const known = shown.querySelector(`.photo[data-id="${card.dataset.id}"]`);
    // One that is loaded stays: a private photo has a new URL every time, and would be loaded again.
    if (known?.querySelector("img").naturalWidth > 0) {
      known.classList.remove("new"); // or it would arrive once more
      card.replaceWith(known);
    } else if (!known) {
      card.classList.add("new");
    }
  }
  shown.replaceWith(fresh);
  if (focused) {
    const next = fresh.querySelector(focusedId ? `.photo[data-id="${focusedId}"] a` : ".more a");
    (next ?? input).focus({ preventScroll: true });
  }
  history.replaceState(null, "", "/"); // these are the newest photos, wherever we were
}
