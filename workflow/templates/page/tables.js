// What every table of the page can do: sort by a column, filter rows, and be copied as it is shown.

const FEW_ROWS = 8; // a table with no more needs no filter
const COLLATOR = new Intl.Collator("en", { numeric: true });

/** A new element with properties and children; children are elements or words, never markup. */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The words of a cell or a header in one line, without what is only seen. */
function wordsOf(cell) {
  const copy = cell.cloneNode(true);
  for (const part of copy.querySelectorAll("[aria-hidden=true]")) part.remove();
  return copy.textContent.trim().replace(/\s+/gu, " ");
}

class LiveTable {
  /**
   * `changed` is called after a reader sorted or filtered; `allows` says whether a row may be shown at all; `numberIn` may give the number of a
   * cell (row, column) where its words do not.
   */
  constructor(table, { changed = () => {}, allows = () => true, numberIn = () => undefined } = {}) {
    this.table = table;
    this.body = table.tBodies[0];
    this.headers = [...table.tHead.rows[0].cells];
    this.rows = [...this.body.rows];
    this.changed = changed;
    this.allows = allows;
    this.numberIn = numberIn;
    this.original = [...this.rows];
    this.words = "";
    this.sorted = "";
    this.headers.forEach((header, column) => {
      const button = element("button", { type: "button" }, ...header.childNodes);
      button.addEventListener("click", () => this.sortBy(column, this.next(column)));
      header.append(button);
    });
  }

  /** The direction in which a click sorts: first ascending, then in turn. */
  next(column) {
    return this.sorted === `${column} ascending` ? "descending" : "ascending";
  }

  sortBy(column, direction, tell = true) {
    const keys = new Map(this.rows.map((row) => [row, this.key(row, column)]));
    const numeric = this.rows.every((row) => keys.get(row).missing || !Number.isNaN(keys.get(row).number));
    const sign = direction === "descending" ? -1 : 1;
    this.rows = [...this.original].sort((a, b) => {
      const [first, second] = [keys.get(a), keys.get(b)];
      if (first.missing !== second.missing) return first.missing ? 1 : -1; // what is missing comes last in both directions
      if (numeric && !first.missing) return sign * (first.number - second.number);
      return sign * COLLATOR.compare(first.words, second.words);
    });
    this.place(`${column} ${direction}`);
    if (tell) this.changed();
  }

  /** Put the rows in the order that they had at first. */
  unsort() {
    this.rows = [...this.original];
    this.place("");
  }

  place(sorted) {
    this.body.append(...this.rows);
    const [column, direction] = sorted.split(" ");
    this.headers.forEach((header, place) => (String(place) === column ? header.setAttribute("aria-sort", direction) : header.removeAttribute("aria-sort")));
    this.sorted = sorted;
  }

  /** By what a cell is sorted. One that is undetermined, or not compared, counts as missing. */
  key(row, column) {
    const cell = row.cells[column];
    const words = wordsOf(cell);
    const missing = cell.classList.contains("missing") || words === "" || /^(?:–|not determined)/u.test(words);
    return { words, missing, number: this.numberIn(row, column) ?? leadingNumber(words) };
  }

  /** Show the rows in which every one of these words occurs. */
  filter(words, tell = true) {
    this.words = words;
    const wanted = words.toLowerCase().split(/\s+/u).filter(Boolean);
    for (const row of this.rows) {
      const text = wanted.length ? row.textContent.toLowerCase() : "";
      row.hidden = !this.allows(row) || !wanted.every((word) => text.includes(word));
    }
    if (this.count) this.count.textContent = `${this.shown().length} of ${this.rows.filter(this.allows).length} rows`;
    if (tell) this.changed();
  }

  shown() {
    return this.rows.filter((row) => !row.hidden);
  }

  /** Above the table: the filter with its count, and how to take the table away. */
  addTools(...more) {
    this.input = element("input", { type: "search" });
    this.input.addEventListener("input", () => this.filter(this.input.value));
    this.count = element("span", { role: "status" });
    this.count.setAttribute("role", "status");
    const tools = element("div", { className: "tools" },
      element("label", {}, "Filter", this.input), this.count,
      action("Copy as Markdown", () => copy(this.asMarkdown())), action("Copy as CSV", () => copy(this.asCsv())), ...more);
    this.table.parentElement.before(tools);
    this.filter("", false);
  }

  cells() {
    return [this.headers, ...this.shown().map((row) => [...row.cells])].map((cells) => cells.map(wordsOf));
  }

  asMarkdown() {
    const [header, ...rows] = this.cells();
    const line = (cells) => `| ${cells.map(markdownText).join(" | ")} |`;
    return [line(header), `|${" --- |".repeat(header.length)}`, ...rows.map(line), ""].join("\n");
  }

  asCsv() {
    return this.cells().map((cells) => cells.map(csvCell).join(",")).join("\r\n") + "\r\n";
  }
}

/** Words that cannot turn round the words after them: those with letters or signs from right to left are isolated. */
function isolated(words) {
  return /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069]/u.test(words) ? `\u2068${words}\u2069` : words;
}

/** Words so that nothing in them is taken for markup. */
function markdownText(words) {
  return isolated(words).replace(/&/gu, "&amp;").replace(/</gu, "&lt;").replace(/>/gu, "&gt;").replace(/[\\`*[\]|~$#_]/gu, "\\$&");
}

/** A cell of a CSV file; what a spreadsheet would run as a formula gets an apostrophe before it. */
function csvCell(words) {
  const safe = /^'*[=+\-@]/u.test(words) ? `'${words}` : words;
  return `"${safe.replace(/"/gu, '""')}"`;
}

function action(words, act) {
  const button = element("button", { type: "button" }, words);
  button.addEventListener("click", async () => {
    const done = await act();
    if (!done) return;
    button.textContent = done;
    setTimeout(() => { button.textContent = words; }, 1500);
  });
  return button;
}

/** Put text on the clipboard; where the browser does not allow that, show it to be copied by hand. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    const area = element("textarea", { value: text, readOnly: true, ariaLabel: "text to copy" });
    const dialog = element("dialog", {}, element("p", {}, "Copy this text:"), area, element("form", { method: "dialog" }, element("button", {}, "Close")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    area.select();
    return "";
  }
}

/** Save text as a file. */
function download(name, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
