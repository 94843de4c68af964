"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Open whatever folds away the place a link leads to.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let opened = false;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) {
      opened ||= !box.open;
      box.open = true;
    }
    if (opened) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Words that come often carry what is said on hover once.
  const key = (words) => `${words.localName}|${words.className}|${words.innerHTML}`;
  const told = new Map(all(':is(span, i)[title]:not([title=""])').map((words) => [key(words), words.title]));
  all(':is(span, i)[title=""]').forEach((words) => { words.title = told.get(key(words)) ?? ""; });

  // On a small screen the contents start folded.
  const contents = document.querySelector("details.contents");
  if (contents && matchMedia("(max-width: 64rem)").matches) contents.open = false;

  // Print shows everything.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((box) => { box.open = true; });
  });
  addEventListener("afterprint", () => {
    closed.forEach((box) => { box.open = false; });
    closed = [];
  });

  // Sort a table by a column, within each of its groups.
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell ? cell.dataset.v ?? cell.textContent.trim() : "";
  };
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return a.localeCompare(b, "en", { numeric: true });
  };
  all("table.sortable").forEach((table) => {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        all("tbody", table).forEach((body) => {
          const rows = all("tr:not(.group)", body);
          rows.sort((a, b) => compare(value(a, column), value(b, column)) * (down ? -1 : 1));
          body.append(...rows);
        });
      });
    });
  });

  // Copy the citation.
  const citation = document.getElementById("citation");
  if (citation && navigator.clipboard) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(citation.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(citation);
      }
    });
    citation.after(" ", button);
  }
})();
