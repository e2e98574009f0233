// One of the jobs in this folder: node main.js JOB. What is wrong goes to standard error, and its status is 1.
import { launch, opened } from "./panel.js";

const job = process.argv[2];
const { default: work } = await import(`./${job}.js`);
const browser = await launch();
let status = 0;
try {
	await work(browser);
} catch (e) {
	process.stderr.write(`${job}: ${e.message}\n${(e.stack || "").split("\n").filter((l) => l.includes("/browser/")).slice(0, 4).join("\n")}\n`);
	for (const p of opened) for (const e of p.errors) process.stderr.write(`${p.page.url()}: ${e}\n`);
	status = 1;
}
await browser.close();
process.exit(status);
