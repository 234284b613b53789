//! A Chromium of its own for a test, and what a test does with it.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    ops::Deref,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel, prelude::*};

use crate::site::Site;

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) struct Browser(WebDriver);

/// The program that drives Chromium, on a port of its own.
struct Chromedriver {
    child: Child,
    url: String,
}

impl Browser {
    /// Opens the gallery and does `what` with it.
    pub(crate) fn open<T>(site: &Site, what: impl AsyncFnOnce(&Self) -> WebDriverResult<T>) -> T {
        Self::opened(site, true, what)
    }

    pub(crate) fn open_without_scripts<T>(
        site: &Site,
        what: impl AsyncFnOnce(&Self) -> WebDriverResult<T>,
    ) -> T {
        Self::opened(site, false, what)
    }

    fn opened<T>(
        site: &Site,
        scripts: bool,
        what: impl AsyncFnOnce(&Self) -> WebDriverResult<T>,
    ) -> T {
        // thirtyfour's client wants a provider for TLS, which nothing here uses. Another test may
        // have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let driver = Chromedriver::start();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let done = runtime.block_on(async {
            let browser = Self(WebDriver::new(&driver.url, capabilities(scripts)?).await?);
            browser.goto(&site.url).await?;
            let done = what(&browser).await;
            browser.0.quit().await?;
            done
        });
        done.unwrap()
    }

    /// Waits for the first element of `css`.
    pub(crate) async fn find(&self, css: &str) -> WebDriverResult<WebElement> {
        self.query(By::Css(css))
            .wait(PATIENCE, INTERVAL)
            .first()
            .await
    }

    pub(crate) async fn click(&self, css: &str) -> WebDriverResult<()> {
        let element = self.query(By::Css(css)).wait(PATIENCE, INTERVAL);
        element.and_clickable().first().await?.click().await
    }

    pub(crate) async fn is_absent(&self, css: &str) -> WebDriverResult<bool> {
        Ok(self.find_all(By::Css(css)).await?.is_empty())
    }

    /// Runs an expression; returns its value as text.
    pub(crate) async fn run(&self, expression: &str) -> WebDriverResult<String> {
        let value = self
            .execute(format!("return {expression}"), Vec::new())
            .await?;
        Ok(match value.json() {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    pub(crate) async fn press(&self, key: Key) -> WebDriverResult<()> {
        self.action_chain().send_keys(key).perform().await
    }

    /// Returns where a link leads to.
    pub(crate) async fn link(&self, css: &str) -> WebDriverResult<String> {
        let href = self.find(css).await?.prop("href").await?;
        Ok(href.expect("it is a link"))
    }

    /// Waits until the text of `css` has `part` in it; returns it, or what it is in the end.
    pub(crate) async fn text_with(&self, css: &str, part: &str) -> WebDriverResult<String> {
        self.until(&text_in(css), |text| text.contains(part)).await
    }

    /// Waits until the text of `css` is `text`.
    pub(crate) async fn text_of(&self, css: &str, text: &str) -> WebDriverResult<String> {
        self.until(&text_in(css), |now| now == text).await
    }

    /// Waits until a picture is there, and returns its width and height in its own pixels.
    pub(crate) async fn shown_size(&self, css: &str) -> WebDriverResult<(u32, u32)> {
        self.find(css).await?;
        let size = format!(
            "(image => image && image.complete ? image.naturalWidth + ' ' + image.naturalHeight : '') \
             (document.querySelector({css:?}))"
        );
        let size = self.until(&size, |size| !size.is_empty()).await?;
        let (width, height) = size.split_once(' ').unwrap_or(("0", "0"));
        Ok((width.parse().unwrap(), height.parse().unwrap()))
    }

    /// Drops a file on the page, as from a folder.
    pub(crate) async fn drop_file(&self, name: &str, content: &[u8]) -> WebDriverResult<()> {
        let script = "
            const [name, bytes] = arguments;
            const dropped = new DataTransfer();
            dropped.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
            for (const type of ['dragenter', 'dragover', 'drop']) {
                document.querySelector('#upload').dispatchEvent(
                    new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true }));
            }";
        self.find("#upload").await?;
        let arguments = vec![name.into(), content.into()];
        self.execute(script, arguments).await.map(drop)
    }

    /// Sends no more than these bytes a second from now on.
    pub(crate) async fn slow_down(&self, bytes: u64) -> WebDriverResult<()> {
        let conditions = serde_json::json!({
            "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes,
        });
        let network = self.cdp();
        network
            .send_raw("Network.enable", serde_json::json!({}))
            .await?;
        let slow = network.send_raw("Network.emulateNetworkConditions", conditions);
        slow.await.map(drop)
    }

    /// Has a screen of this size from now on, which is touched.
    pub(crate) async fn be_a_telephone(&self, width: u32, height: u32) -> WebDriverResult<()> {
        let screen = serde_json::json!({
            "width": width, "height": height, "deviceScaleFactor": 2, "mobile": true,
        });
        let cdp = self.cdp();
        let set = cdp.send_raw("Emulation.setDeviceMetricsOverride", screen);
        set.await.map(drop)
    }

    /// Returns the status that the browser gets, from a page of the same host.
    pub(crate) async fn status_of(&self, url: &str) -> WebDriverResult<u16> {
        let answer = self.fetch(url).await?;
        Ok(answer["status"].parse().unwrap())
    }

    pub(crate) async fn until_status_of(&self, url: &str, status: u16) -> WebDriverResult<()> {
        let end = Instant::now() + PATIENCE;
        while self.status_of(url).await? != status {
            assert!(Instant::now() < end, "{url} is never {status}");
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(())
    }

    pub(crate) async fn headers_of(&self, url: &str) -> WebDriverResult<HashMap<String, String>> {
        self.fetch(url).await
    }

    /// Asserts that the console has no error and no warning of a policy.
    pub(crate) async fn assert_no_error(&self) -> WebDriverResult<()> {
        let log = self.get_log("browser").await?;
        let errors: Vec<_> = log.iter().filter(|entry| entry.level == "SEVERE").collect();
        assert!(errors.is_empty(), "{errors:#?}");
        Ok(())
    }

    async fn fetch(&self, url: &str) -> WebDriverResult<HashMap<String, String>> {
        let script = "
            const [url, done] = arguments;
            fetch(url, { cache: 'no-store' }).then(
                answer => done({ ...Object.fromEntries(answer.headers), status: String(answer.status) }),
                error => done({ status: '0', error: String(error) }))";
        self.execute_async(script, vec![url.into()])
            .await?
            .convert()
    }

    async fn until(
        &self,
        expression: &str,
        is_right: impl Fn(&str) -> bool,
    ) -> WebDriverResult<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let value = self.run(expression).await?;
            if is_right(&value) || Instant::now() > end {
                return Ok(value);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl Deref for Browser {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.0
    }
}

/// An expression for what is read in an element.
fn text_in(css: &str) -> String {
    format!("(document.querySelector({css:?}) || {{}}).innerText || ''")
}

fn capabilities(scripts: bool) -> WebDriverResult<thirtyfour::ChromeCapabilities> {
    let mut chrome = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        // Chromium refuses to run as root with it.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        // It asks for nothing by itself.
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1200,900",
    ] {
        chrome.add_arg(argument)?;
    }
    chrome.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    if !scripts {
        let off = serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
        chrome.add_experimental_option("prefs", off)?;
    }
    Ok(chrome)
}

impl Chromedriver {
    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not start ({error}); install it: apt-get install chromium chromium-driver")
            });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver tells its port");
        let url = format!("http://127.0.0.1:{port}");
        Self { child, url }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // The browser was asked to quit; what is left of it goes with its driver.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
