// A certificate of one's own: pasted into the form, stored, served; what does not fit, or is too large, is told.
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { Panel, check, run, same } from "./panel.js";

function made(dir, name) {
	run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "40",
		"-subj", "/CN=a.example", "-addext", "subjectAltName=DNS:a.example", "-keyout", `${dir}/${name}.key`, "-out", `${dir}/${name}.crt`);
	return { key: readFileSync(`${dir}/${name}.key`, "utf8"), cert: readFileSync(`${dir}/${name}.crt`, "utf8") };
}

// The SHA-256 of what a.example shows to who connects.
const served = () => new Promise((good, bad) => {
	const s = connect({ host: "127.0.0.1", port: 443, servername: "a.example", rejectUnauthorized: false }, () => {
		good(s.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
		s.destroy();
	});
	s.on("error", bad);
});
const shown = (p) => p.page.$eval("main dl code", (e) => e.textContent.replaceAll(":", "").toLowerCase());

export default async function (browser) {
	const dir = process.env.BATS_TEST_TMPDIR;
	const one = made(dir, "one"), other = made(dir, "other");
	run("hp-site", "set", "a.example", "ssl_enabled=true", "ssl_provider=custom", "https_redirect=false", "-q");
	const before = await served();
	const p = await Panel.open(browser);

	await p.login("anna");
	await p.go("/certificates/a.example");
	same(await shown(p), before, "what the page says is served");

	await p.fill({ key: other.key, cert: one.cert });
	await p.press("Store it");
	check(await p.page.$("main .note.warn, main .note.bad"), `a key of another certificate is taken:\n${await p.text()}`);
	same(await served(), before, "what is served after a key that does not fit");

	// NGINX refuses it before anybody reads it, and its answer is not a page: the one that is there tells it
	await p.fill({ key: one.key, cert: one.cert + "\n".repeat(400 << 10) });
	await (await p.button("Store it")).click();
	await p.page.waitForSelector("#trouble");
	// htmx writes every refusal to the console
	p.errors = p.errors.filter((e) => !e.includes("Response Status Error Code 413"));
	const told = await p.page.$eval("#trouble", (e) => e.textContent);
	check(told.startsWith("The panel refused it: ") && !told.includes("413"), `too large a form is told so: ${told}`);
	same(await p.page.$eval("#said", (e) => e.textContent), told, "what is read out");
	same(await p.page.$eval("#pem-key", (e) => e.value.trim()), one.key.trim(), "what was typed, after it was too large");
	await p.shot("certificate-refused-1440-light");

	await p.fill(one);
	await p.press("Store it");
	await p.shows("a.example has this certificate now.");
	check(!await p.page.$("#trouble"), "the refusal stays on the next page");
	check(!await p.page.$("main .note.warn, main .note.bad"), `it is refused:\n${await p.text()}`);
	check(await shown(p) !== before, "the page still shows the old one");
	same(await served(), await shown(p), "what is served after it was stored");
	await p.shot("certificate-1440-light");
	await p.close();
}
