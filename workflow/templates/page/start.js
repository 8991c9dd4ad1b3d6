// Brings the page to life.

/** The data of the page, as JSON. They are compressed, so they take a moment. */
async function unpacked() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function enliven(table) {
  const live = new LiveTable(table);
  if (live.rows.length > FEW_ROWS) live.addTools();
}

async function start() {
  const page = document.documentElement;
  page.classList.add("scripted");
  document.body.append(element("div", { id: "tip", hidden: true }));
  document.querySelectorAll(".scroll > table:not(#variants)").forEach(enliven);
  if (document.getElementById("variants")) globalThis.explorer = new Explorer(await unpacked());
  page.classList.add("ready");
}

/** The page as it is without a script, where something went wrong. */
function withoutScript(error) {
  document.documentElement.classList.remove("scripted");
  document.documentElement.classList.add("ready");
  throw error; // for the console
}

start().catch(withoutScript);
