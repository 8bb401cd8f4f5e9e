import { renderReport } from "onpage/bench/report/render.js";
const { results, ...more } = JSON.parse(document.getElementById("data").textContent);
renderReport(document.getElementById("report"), results, more);
