"use strict";
(() => {
  const table = document.getElementById("slides");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row, place) => ({
    row,
    place,
    name: row.cells[1].querySelector("bdi").textContent,
    text: row.textContent.toLowerCase(),
    keys: row.dataset.keys.split(" ").map(Number),
  }));
  const byName = new Intl.Collator("en", { numeric: true }).compare;

  const sort = (header, button) => {
    const by = button.dataset.by;
    const first = "down" in button.dataset ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const way = header.getAttribute("aria-sort") === first ? other : first;
    const sign = way === "ascending" ? 1 : -1;
    for (const each of table.tHead.querySelectorAll("[aria-sort]")) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", way);
    const compare = by === "name" ? (a, b) => byName(a.name, b.name) : (a, b) => a.keys[by] - b.keys[by];
    rows.sort((a, b) => sign * compare(a, b) || a.place - b.place);
    body.append(...rows.map((each) => each.row));
  };
  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => sort(button.closest("th"), button));
  }
  document.getElementById("search").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const each of rows) each.row.hidden = !each.text.includes(wanted);
  });
})();
