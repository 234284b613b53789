document.querySelector("[data-menu]")?.addEventListener("click", (event) => {
  event.currentTarget.toggleAttribute("data-open");
});
