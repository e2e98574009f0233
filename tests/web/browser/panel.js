// panel.js: the panel in a browser, and what must not happen there. Headless Chromium of an unprivileged user,
// on the real panel: nothing of it stands in for something else.
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

export const require = createRequire(`${process.env.HP_WEB_MODULES}/package.json`);
const puppeteer = require("puppeteer-core");

export const base = "https://localhost:8001";
export const password = "correct horse battery";
const wait = Number(process.env.HP_BROWSER_WAIT || 120) * 1000; // for what comes sooner or later: on a busy machine, later

export const run = (program, ...args) => execFileSync(program, args, { encoding: "utf8" });
export const given = (text, program, ...args) => execFileSync(program, args, { encoding: "utf8", input: text });

export function check(is, what) {
	if (!is) throw new Error(what);
}
export function same(got, want, what) {
	check(JSON.stringify(got) === JSON.stringify(want), `${what}: ${JSON.stringify(got)} and not ${JSON.stringify(want)}`);
}

export async function launch() {
	// the home and everything in it belong to the user that it runs as
	const home = process.env.HP_BROWSER_HOME, user = process.env.HP_BROWSER_USER;
	const data = `${home}/${process.pid}-${Date.now()}`;
	const args = [
		...puppeteer.defaultArgs({ headless: true, userDataDir: data }).filter((a) => a !== "about:blank"),
		// it has no rights to lose: its own sandbox wants namespaces, which a container may refuse
		"--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--font-render-hinting=none",
		"--remote-debugging-pipe", `--ignore-certificate-errors-spki-list=${process.env.HP_BROWSER_PIN}`,
		// every name is this machine's: websites are asked by theirs, and nobody else is
		"--host-resolver-rules=MAP * 127.0.0.1", "about:blank",
	];
	return puppeteer.launch({
		executablePath: "/usr/bin/setpriv", pipe: true, ignoreDefaultArgs: true, timeout: wait, protocolTimeout: 2 * wait,
		args: [`--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--", "chromium", ...args],
		env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, LC_ALL: "C.UTF-8" },
	});
}

// What runs before a page's own: whatever executes that nobody wrote into the panel sets a mark, or opens a dialog.
function watched() {
	window.hpSeen = { csp: [], shift: 0, shifts: [] };
	document.addEventListener("securitypolicyviolation", (e) =>
		window.hpSeen.csp.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`));
	new PerformanceObserver((l) => {
		for (const e of l.getEntries()) {
			window.hpSeen.shift += e.value;
			window.hpSeen.shifts.push(`${e.value.toFixed(4)} ${e.sources.map((s) => s.node && (s.node.id || s.node.className || s.node.nodeName)).join(" ")}`);
		}
	}).observe({ type: "layout-shift", buffered: true });
}

export const opened = [];
export class Panel {
	static async open(browser, { js = true, width = 1440, dark = false } = {}) {
		const p = new Panel();
		opened.push(p);
		p.context = await browser.createBrowserContext();
		p.page = await p.context.newPage();
		p.errors = [];
		p.bytes = 0;
		p.page.setDefaultTimeout(wait);
		await p.page.setJavaScriptEnabled(js);
		p.js = js;
		await p.page.setViewport({ width, height: 900 });
		await p.look({ width, dark });
		await p.page.evaluateOnNewDocument(watched);
		p.page.on("dialog", async (d) => {
			p.errors.push(`a script opened a dialog: ${d.message()}`);
			await d.dismiss();
		});
		p.page.on("pageerror", (e) => p.errors.push(`script error: ${e.message}`));
		p.page.on("console", (m) => {
			// the refusal of a form is an answer; of what a page is made of, it is looked at below
			if (["error", "warn"].includes(m.type()) && !m.text().startsWith("Failed to load resource"))
				p.errors.push(`console: ${m.text()} (${m.location().url})`);
		});
		p.page.on("response", (r) => {
			const type = r.request().resourceType();
			// a page that is broken or NGINX' own has no icon, and the browser asks for one
			if (r.url().endsWith("/favicon.ico")) return;
			if (r.status() >= 500 || (r.status() >= 400 && !["document", "xhr", "fetch"].includes(type)))
				p.errors.push(`${r.request().method()} ${r.url()}: ${r.status()}`);
		});
		p.page.on("requestfailed", (r) => {
			if (r.failure().errorText !== "net::ERR_ABORTED") p.errors.push(`${r.url()}: ${r.failure().errorText}`);
		});
		p.page.on("request", (r) => {
			if (!r.url().startsWith(base) && !p.elsewhere) p.errors.push(`a request to ${r.url()}`);
		});
		return p;
	}

	async close() {
		await this.calm();
		await this.context.close();
	}

	async look({ width, dark }) {
		if (width) await this.page.setViewport({ width, height: width < 500 ? 740 : 900 });
		if (dark !== undefined) await this.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }, { name: "prefers-reduced-motion", value: "reduce" }]);
	}

	async go(path) {
		const r = await this.page.goto(base + path, { waitUntil: "load" });
		this.status = r.status();
		return this.status;
	}

	// Nothing of htmx is on its way or settling.
	async rest() {
		if (!this.js) return;
		await this.page.waitForFunction(() => !document.querySelector(".htmx-request, .htmx-settling, .htmx-swapping, .htmx-added"));
	}

	// What is done, and the page that comes of it: by htmx or as a whole one.
	async after(act) {
		if (!this.js) {
			await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), act()]);
			return;
		}
		await this.page.evaluate(() => {
			document.getElementById("main").dataset.old = "1";
		});
		await act();
		await this.page.waitForFunction(() => document.readyState === "complete" && document.getElementById("main") && !document.getElementById("main").dataset.old);
		await this.rest();
	}

	press(button) { // its text, on a button or a link
		return this.after(async () => {
			await this.button(button).then((b) => b.evaluate((e) => e.scrollIntoView({ block: "center" })));
			await (await this.button(button)).click();
		});
	}
	async button(text) {
		const h = await this.page.evaluateHandle((t) => {
			const name = (e) => e.getAttribute("aria-label") || e.textContent.trim();
			const all = [...document.querySelectorAll("main button, main a, header button, header a, nav a")];
			return all.find((e) => name(e) === t) || null;
		}, text);
		const e = h.asElement();
		if (!e) throw new Error(`no button “${text}” on ${this.page.url()}:\n${await this.text()}`);
		return e;
	}

	async fill(values) { // NAME: text, or true and false for a box
		for (const [name, value] of Object.entries(values)) {
			const at = `main [name="${name}"]:not([type=hidden])`;
			const e = await this.page.$(at);
			check(e, `no field ${name} on ${this.page.url()}`);
			await e.evaluate((x, v) => {
				if (x.type === "checkbox") x.checked = v;
				else x.value = v;
			}, value);
		}
	}

	text() {
		return this.page.$eval("main", (m) => m.innerText);
	}
	async shows(text) {
		const all = await this.text();
		check(all.includes(text), `“${text}” is not on ${this.page.url()}:\n${all}`);
	}
	heading() {
		return this.page.$eval("main h1", (h) => h.textContent.trim());
	}

	async login(name, secret = password) {
		await this.go("/login");
		await this.page.type("#username", name);
		await this.page.type("#password", secret);
		await Promise.all([this.page.waitForSelector(".who"), this.page.keyboard.press("Enter")]);
		await this.page.waitForFunction(() => document.readyState === "complete");
	}

	// No script of anybody's, no error, nothing the policy forbids.
	async calm() {
		if (this.js && this.page.url().startsWith(base)) {
			const seen = await this.page.evaluate(() => ({ csp: window.hpSeen.csp, ran: window.hpRan || null }));
			for (const v of seen.csp) this.errors.push(`against the policy: ${v}`);
			if (seen.ran) this.errors.push(`a script ran: ${seen.ran}`);
		}
		check(this.errors.length === 0, `${this.page.url()}: ${[...new Set(this.errors)].join("\n  ")}`);
	}

	async shot(name) {
		const dir = `${process.env.HP_TOP}/tests/web/shots`;
		mkdirSync(dir, { recursive: true });
		await this.page.screenshot({ path: `${dir}/${name}.png`, fullPage: true });
	}
}
