// Coming in: by name and password, by a second factor, by a password for once; what is refused stands where it belongs.
import { createHmac } from "node:crypto";
import { Panel, check, given, password, run, same } from "./panel.js";

// The code of now (RFC 6238), steps away from it.
function totp(secret, steps = 0) {
	const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
	const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
	const at = Buffer.alloc(8);
	at.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
	const h = createHmac("sha1", key).update(at).digest();
	return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1e6).padStart(6, "0");
}

async function second_factor(browser) {
	run("hp-user", "add", "fred", "tenant=acme", "role=admin", "-q");
	given(password, "hp-user", "passwd", "fred", "-q");
	const p = await Panel.open(browser);
	await p.login("fred");
	await p.go("/account");
	await p.press("Set it up");
	const secret = await p.page.$eval(".secret", (e) => e.textContent);
	same(await p.page.evaluate(() => document.activeElement.id), "code", "where the focus is");
	await p.shot("second-1440-light");
	await p.fill({ code: "000000" });
	await p.press("Confirm");
	check(await p.page.$(".note.bad"), "a wrong code is taken");
	await p.fill({ code: totp(secret, -1) });
	await p.press("Confirm");
	const recovery = await p.page.$$eval(".secret", (l) => l.map((e) => e.textContent));
	same(recovery.length, 10, "recovery codes");
	await p.shot("recovery-1440-light");
	await p.close();

	// the second step comes by htmx into the form of the first; what was typed stays, and the focus goes to the code
	for (const code of [totp(secret, 1), recovery[0]]) {
		const q = await Panel.open(browser);
		await q.go("/login?next=/audit");
		await q.page.type("#username", "fred");
		await q.page.type("#password", "not his");
		await q.page.keyboard.press("Enter");
		await q.page.waitForSelector("#step .note.bad");
		await q.page.evaluate(() => document.getElementById("password").select());
		await q.page.type("#password", password);
		await q.page.keyboard.press("Enter");
		await q.page.waitForFunction(() => document.activeElement.id === "code");
		same(await q.page.$eval("#username", (e) => e.value), "fred", "the name that was typed");
		if (code === recovery[0]) await q.shot("login-second-1440-light");
		await q.page.keyboard.type("000000");
		await q.page.keyboard.press("Enter");
		await q.page.waitForSelector("#step .note.bad");
		await q.rest();
		await q.page.waitForFunction(() => document.activeElement.id === "code");
		await q.page.keyboard.type(code);
		await q.page.keyboard.press("Enter");
		await q.page.waitForSelector(".who");
		same(new URL(q.page.url()).pathname, "/audit", "where he wanted to be");
		await q.press("Log out");
		same(await q.heading(), "Log in", "after logging out");
		await q.go("/audit");
		same(q.status, 401, "the page that he was on, logged out");
		await q.close();
	}
}

async function password_once(browser) {
	const p = await Panel.open(browser);
	run("hp-user", "add", "newton", "tenant=acme", "role=admin", "-q");
	given("good this once only", "hp-user", "passwd", "newton", "--once", "-q");
	await p.login("newton", "good this once only");
	same(new URL(p.page.url()).pathname, "/account", "where who has to set a password comes to");
	await p.shows("good once");
	await p.shot("once-1440-light");
	// nothing else is open, neither page nor part of one nor the API
	for (const path of ["/", "/websites", "/websites/a.example/settings", "/api/dashboard/metrics", "/keys/new"]) {
		await p.go(path);
		same(new URL(p.page.url()).pathname, "/account", `${path} before he has set one`);
	}
	same(await p.page.evaluate(() => fetch("/api/v1/me").then((r) => r.status)), 403, "the API before he has set one");
	await p.fill({ password: "a password of his", again: "another one of his" });
	await p.press("Set the password");
	await p.shows("not the same");
	await p.fill({ password: "a password of his", again: "a password of his" });
	await p.press("Set the password");
	await p.shows("Your password is set");
	await p.page.type("#username", "newton");
	await p.page.type("#password", "a password of his");
	await Promise.all([p.page.waitForSelector(".who"), p.page.keyboard.press("Enter")]);
	await p.go("/websites");
	same(new URL(p.page.url()).pathname, "/websites", "with a password of his own");
	await p.close();
}

// What is offered is what one may.
async function offered(browser) {
	const nav = (p) => p.page.$$eval("#nav a", (l) => l.map((a) => a.textContent));
	run("hp-user", "add", "carl", "tenant=acme", "role=client", "-q");
	given(password, "hp-user", "passwd", "carl", "-q");
	run("hp-site", "add", "carls.example", "tenant=acme", "owner=carl", "--no-apply", "-q");
	const all = ["Dashboard", "Websites", "PHP", "Certificates", "Users", "API keys", "Sessions", "Audit trail", "Tenants"];
	for (const [who, not] of [["chief", []], ["anna", ["Tenants"]], ["carl", ["Audit trail", "Tenants"]]]) {
		const p = await Panel.open(browser);
		await p.login(who);
		const has = await nav(p);
		same(has, all.filter((n) => !not.includes(n)), `the navigation of ${who}`);
		for (const name of has) {
			await p.press(name);
			check(!(await p.page.$(".note.bad")), `${who}: ${name}: ${await p.text()}`);
			same(await p.heading(), name, `${who}: what ${name} leads to`);
			same(await p.page.$eval("#nav [aria-current]", (e) => e.textContent), name, "where the navigation says one is");
		}
		await p.go("/websites");
		same((await p.text()).includes("New website"), who !== "carl", `${who} is offered to make a website`);
		await p.go("/websites/carls.example");
		same((await p.text()).includes("Remove…"), who !== "carl", `${who} is offered to remove it`);
		same((await p.text()).includes("Suspend"), who === "chief", `${who} is offered to suspend it`);
		await p.close();
	}
	run("hp-site", "remove", "carls.example", "--yes", "--no-apply", "-q");
}

export default async function (browser) {
	await second_factor(browser);
	await password_once(browser);
	await offered(browser);
}
