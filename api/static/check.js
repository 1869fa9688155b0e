// Reckons a log again in the reader's own browser; docs/check-in-the-browser.md tells how.
const box = document.querySelector("[data-log]"), { log, records, needed } = box.dataset;
const form = box.querySelector("form"), results = box.querySelector(".results");
const sentences = box.querySelector("template").content.children;
const hash = async (hex) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.fromHex(hex))).toHex();

function say(name, values) {
  const { className, textContent } = sentences[name] ?? sentences.failed;
  const line = results.appendChild(document.createElement("p"));
  line.className = className;
  line.textContent = textContent.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw { name: "missing", path, status: answer.status };
  return answer.bytes();
}

function read(note) {
  const [origin, size, root] = note.split("\n"), body = `${note.split("\n\n")[0]}\n`;
  if (!(size > 0)) throw { name: "malformed" };
  return { note, body, origin, size: +size, root: Uint8Array.fromBase64(root).toHex() };
}

async function signers({ note, body }) {
  const held = new Set();
  for (const one of JSON.parse(box.dataset.keys)) {
    const key = await crypto.subtle.importKey("jwk", one.jwk, "Ed25519", false, ["verify"]);
    for (const rest of note.split(`\n— ${one.name} `).slice(1)) {
      const own = Uint8Array.fromBase64(rest.split("\n")[0]);
      const time = `cosignature/v1\ntime ${BigInt(`0x${own.slice(4, 12).toHex()}`)}\n`;
      const text = new TextEncoder().encode(one.own ? body : time + body);
      if (await crypto.subtle.verify("Ed25519", key, own.slice(-64), text)) held.add(one);
    }
  }
  return [...held];
}

export async function holds({ size, root }, from, to, part) {
  const tiles = {};
  const tile = (level, number) => {
    const digits = `${number}`.padStart(9, 0).replace(/\d{3}(?=\d)/g, "x$&/");
    const width = Math.min(256, Math.floor(size / 256 ** level) - number * 256);
    const path = digits.replace(/^(x000\/)+/, "") + (width < 256 ? `.p/${width}` : "");
    return (tiles[[level, path]] ??= get(`${log}/tile/${level}/${path}`));
  };
  const reckon = async (start, end) => {
    const count = end - start, level = Math.log2(count) / 8, at = start / count;
    if (level % 1 || [from, to].some((cut) => start < cut && cut < end)) {
      const middle = start + 2 ** Math.ceil(Math.log2(count)) / 2;
      return hash(`01${await reckon(start, middle)}${await reckon(middle, end)}`);
    }
    return (await tile(level, Math.floor(at / 256))).toHex().substr((at % 256) * 64, 64);
  };
  return part === await reckon(from, to) && root === await reckon(0, size);
}

async function ofRecord(now, position) {
  if (position >= now.size) return say("beyond", { position });
  const leaf = await hash(`00${(await get(`${records}/${position}/raw`)).toHex()}`);
  const there = await holds(now, position, position + 1, leaf);
  say(there ? "included" : "excluded", { position, leaf });
}

async function ofSignatures(now) {
  const held = await signers(now), seen = held.filter((one) => !one.own).length;
  for (const one of held) say(one.own ? "own" : "witness", { ...now, ...one });
  if (held.length === seen) say("unsigned", now);
  if (seen < needed) say("few", { seen, needed });
}

async function ofEarlier(now, kind, note) {
  const old = read(note.trim()), ours = (await signers(old)).some((one) => one.own);
  const how = !ours ? "strange" : old.size > now.size ? "ahead"
    : (await holds(now, 0, old.size, old.root)) ? "same" : "split";
  say(`${kind}-${how}`, { ...old, now: now.note });
}

async function check({ positie, controlepunt }) {
  const now = read(new TextDecoder().decode(await get(`${log}/checkpoint`)));
  await ofSignatures(now).catch(tell);
  say((await holds(now, 0, now.size, now.root)) ? "root" : "no-root", now);
  if (positie.value) await ofRecord(now, +positie.value);
  if (controlepunt.value) await ofEarlier(now, "pasted", controlepunt.value).catch(tell);
  if (log in localStorage) await ofEarlier(now, "kept", localStorage[log]).catch(tell);
  else say("first");
  if (!results.querySelector(":not(.right)")) localStorage[log] = now.note;
}

const tell = (fault) => say(fault.name, fault);

form.hidden = !(crypto.subtle && Uint8Array.fromHex);
form.onsubmit = async (event) => {
  event.preventDefault();
  results.replaceChildren();
  box.ariaBusy = true;
  await check(form).catch(tell);
  box.ariaBusy = false;
};
