// Brings the page to life.

/** Data that lie in the page, as JSON. They are compressed, so they take a moment. */
async function unpacked(name) {
  const packed = Uint8Array.from(atob(document.getElementById(name).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function enliven(table) {
  const live = new LiveTable(table);
  if (live.rows.length > FEW_ROWS) live.addTools();
}

/** Put the long tables and lists in their places, one at a time while the page has nothing else to do; all of them before it is printed. */
async function addLong() {
  const waiting = [...document.querySelectorAll("p.later")];
  const long = JSON.parse(await unpacked("long"));
  const addNext = () => {
    const place = waiting.shift();
    place.insertAdjacentHTML("beforebegin", long.shift()); // made by us, with every word from elsewhere escaped
    place.previousElementSibling.querySelectorAll("table").forEach(enliven);
    place.remove();
  };
  const whenIdle = globalThis.requestIdleCallback ?? setTimeout; // which Safari lacks
  const next = () => { if (waiting.length) { addNext(); whenIdle(next); } };
  addEventListener("beforeprint", () => { while (waiting.length) addNext(); });
  next();
}

async function start() {
  const page = document.documentElement;
  page.classList.add("scripted");
  document.body.append(element("div", { id: "tip", hidden: true }));
  document.querySelectorAll(".scroll > table:not(#variants)").forEach(enliven);
  if (document.getElementById("variants")) globalThis.explorer = new Explorer(await unpacked("data"));
  page.classList.add("ready");
  await addLong();
}

/** The page as it is without a script, where something went wrong. */
function withoutScript(error) {
  document.documentElement.classList.remove("scripted");
  document.documentElement.classList.add("ready");
  throw error; // for the console
}

start().catch(withoutScript);
