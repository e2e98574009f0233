/* What htmx can't: refused forms are shown, focus goes where the news is, and work is told. */
(function () {
	"use strict";
	var say = function (text) {
		var p = document.getElementById("said");
		if (p) p.textContent = text;
	};

	/* A refusal is an answer as well: its form comes with what is wrong beside the field. */
	document.addEventListener("htmx:beforeSwap", function (e) {
		var type = e.detail.xhr.getResponseHeader("Content-Type") || "";
		if (e.detail.xhr.status >= 400 && type.indexOf("text/html") === 0) {
			e.detail.shouldSwap = true;
			e.detail.isError = false;
		}
	});
	/* What no page came with is told on the one that is there. */
	var trouble = function (text) {
		var main = document.getElementById("main"), p = document.getElementById("trouble") || document.createElement("p");
		p.id = "trouble";
		p.className = "note bad";
		p.textContent = text;
		say(text);
		if (main) main.prepend(p);
		p.scrollIntoView({block: "nearest"});
	};
	document.addEventListener("htmx:sendError", function () {
		trouble("The panel can't be reached.");
	});
	document.addEventListener("htmx:timeout", function () {
		trouble("The panel did not answer in time.");
	});
	document.addEventListener("htmx:responseError", function (e) {
		var what = "";
		try {
			what = JSON.parse(e.detail.xhr.responseText).detail;
		} catch (x) { /* not ours */ }
		trouble("The panel refused it: " + (what || e.detail.xhr.status) + ".");
	});

	/* After a page came: its first error, else its beginning. A part of a page leaves focus alone. */
	document.addEventListener("htmx:afterSettle", function (e) {
		var at = e.detail.target && e.detail.target.id, main, bad;
		main = document.getElementById("main");
		if (at === "list") {
			var count = document.querySelector("#list .pages .muted, #list .empty");
			say(count ? count.textContent : "");
			return;
		}
		if (at === "step") {
			say((document.querySelector("#step .note, #step label") || {}).textContent || "");
			return;
		}
		if (at !== "main" || !main) return;
		bad = main.querySelector("[aria-invalid=true]") || main.querySelector(".note.bad");
		if (bad && bad.matches(".note")) bad.tabIndex = -1;
		(bad || main.querySelector("[autofocus]") || main).focus({preventScroll: !bad});
		/* htmx gives the document its new title only after this */
		say((main.querySelector("h1") || {}).textContent || "");
	});

	/* Charts: uPlot is loaded when there is one to draw. */
	var style = function (name) {
		return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	};
	var draw = function (el, data) {
		var day = function (t) {
			return new Date(t * 1e3).toLocaleDateString("en-GB", {day: "numeric", month: "short", timeZone: "UTC"});
		};
		var axis = function (more) {
			return Object.assign({stroke: style("--muted"), grid: {stroke: style("--line"), width: 1}, ticks: {show: false}}, more);
		};
		el.textContent = "";
		new window.uPlot({
			width: el.clientWidth, height: 200, cursor: {show: false}, legend: {show: false},
			scales: {y: {range: function (u, min, max) { return [0, Math.max(max, 4)]; }}},
			series: [{}, {label: data.label, fill: style("--accent"), width: 0,
				paths: window.uPlot.paths.bars({size: [0.7, 40], radius: 0.15}), points: {show: false}}],
			axes: [axis({grid: {show: false}, space: 60, values: function (u, at) { return at.map(day); }}),
				axis({size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5]})],
			tzDate: function (t) { return window.uPlot.tzDate(new Date(t * 1e3), "UTC"); }
		}, [data.x, data.y], el);
	};
	var load = function (el, done) {
		if (window.uPlot) return done();
		var script = document.createElement("script"), link = document.createElement("link");
		link.rel = "stylesheet";
		link.href = el.dataset.style;
		script.src = el.dataset.script;
		script.onload = done;
		document.head.append(link, script);
	};
	var charts = function () {
		document.querySelectorAll("[data-chart]").forEach(function (el) {
			if (el.dataset.drawn || !el.dataset.script) return;
			el.dataset.drawn = "1";
			fetch(el.dataset.chart, {credentials: "same-origin"}).then(function (r) {
				if (!r.ok) throw new Error(r.status);
				return r.json();
			}).then(function (data) {
				load(el, function () { draw(el, data); });
			}).catch(function () {
				el.textContent = "The chart could not be loaded.";
			});
		});
	};
	/* Where the navigation is one line, the entry that one is at may be beyond its edge. */
	var here = function () {
		var at = document.querySelector("#nav [aria-current]"), nav = document.getElementById("nav");
		if (at) nav.scrollLeft = at.offsetLeft - (nav.clientWidth - at.offsetWidth) / 2;
	};
	["DOMContentLoaded", "htmx:afterSettle"].forEach(function (name) {
		document.addEventListener(name, charts);
		document.addEventListener(name, here);
	});

	/* Work that lasts: a bar, and in words what it is. */
	document.addEventListener("submit", function (e) {
		var bar = document.getElementById("progress"), text = e.target.dataset.work;
		if (!text) return;
		say(text);
		if (bar) {
			bar.hidden = false;
			bar.querySelector("p").textContent = text;
		}
	}, true);
})();
