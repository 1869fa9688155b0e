// Checks a log in the reader's own browser, after C2SP tlog-tiles and RFC 6962: what is fetched is
// reckoned again here. The sentences stand in the page; this says which of them hold.
"use strict";
const box = document.querySelector("[data-log]"), { log, records } = box.dataset;
const form = box.querySelector("form"), shown = box.querySelector("[role=status]");
const sentences = box.querySelector("template").content, subtle = globalThis.crypto?.subtle;
const text = (bytes) => new TextDecoder().decode(bytes);
const base64 = (data) => Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
const same = (a, b) => hex(a) === hex(b);
const hash = async (...parts) =>
  new Uint8Array(await subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
const node = async (left, right) => hash(Uint8Array.of(1), await left, await right);

let found = [];
function say(name, values = {}) {
  const line = sentences.querySelector(`[data-say=${name}]`).cloneNode(true);
  line.textContent = line.textContent.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  found.push(line);
}

async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw { name: "missing", path, status: answer.status };
  return new Uint8Array(await answer.arrayBuffer());
}

function read(note) {
  const cut = note.lastIndexOf("\n\n"), body = note.slice(0, cut + 1);
  const [origin, size, root] = body.split("\n");
  if (!/^[1-9]\d{0,12}$/.test(size) || !/^[\w+/]{43}=$/.test(root)) throw { name: "malformed" };
  const lines = [...note.slice(cut).matchAll(/^— (\S+) ([\w+/]+=*)$/gm)];
  const signatures = lines.map(([, name, data]) => ({ name, data: base64(data) }));
  return { note, body, origin, size: +size, root: base64(root), signatures };
}

async function readKeys() {
  const own = text(await get(`${log}/key`)), policy = text(await get(`${log}/policy`));
  const list = own.replace(/^/gm, "log ") + policy.replace(/^log .*$/gm, "");
  const keys = [...list.matchAll(/^(log|witness).*? (([^\s+]+)\+\w{8}\+(\S+))/gm)].map(
    ([, role, key, name, data]) => ({ role, key, name, data: base64(data) }));
  return { keys, needed: +(/^group \S+ (\d+)/m.exec(policy)?.[1] ?? 0) };
}

// True or false for a signature of this key, undefined where there is none that can be checked.
async function signed(note, { name, data }) {
  const id = (await hash(`${name}\n`, data)).slice(0, 4);
  const line = note.signatures.find((one) => one.name === name && same(one.data.slice(0, 4), id));
  if (!line || ![1, 4].includes(data[0])) return undefined;
  const own = line.data.slice(4), time = data[0] === 4;
  const said = time ? `cosignature/v1\ntime ${new DataView(own.buffer).getBigUint64(0)}\n` : "";
  const key = await subtle.importKey("raw", data.slice(1), "Ed25519", false, ["verify"]);
  const message = new TextEncoder().encode(said + note.body);
  return subtle.verify("Ed25519", key, own.slice(time ? 8 : 0), message);
}

// The root over the first `end` leaves, from the tiles of a log of this size, each fetched once.
// It goes down to each cut, so roots with the same cuts rest on the same hashes.
function tree(size) {
  const tiles = {};
  const tile = (level, number) => {
    const width = Math.min(256, Math.floor(size / 256 ** level) - number * 256);
    const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, "0");
    const place = digits.replace(/(\d{3})(?=\d)/g, "x$1/") + (width < 256 ? `.p/${width}` : "");
    return (tiles[`${level}/${number}`] ??= get(`${log}/tile/${level}/${place}`));
  };
  const fold = (data, at, count) =>
    count === 1 ? data.slice(at * 32, at * 32 + 32)
      : node(fold(data, at, count / 2), fold(data, at + count / 2, count / 2));
  return async function root(end, cuts = [], leaves = {}, start = 0) {
    const count = end - start, half = 2 ** Math.ceil(Math.log2(count)) / 2;
    if (half * 2 !== count || cuts.some((cut) => start < cut && cut < end))
      return node(root(start + half, cuts, leaves, start), root(end, cuts, leaves, start + half));
    if (count === 1 && leaves[start]) return leaves[start];
    const level = Math.floor(Math.log2(count) / 8), first = start / 256 ** level;
    return fold(await tile(level, Math.floor(first / 256)), first % 256, count / 256 ** level);
  };
}

async function grown(one, other) {
  const [old, last] = one.size <= other.size ? [one, other] : [other, one], root = tree(last.size);
  return same(await root(old.size), old.root) && same(await root(last.size, [old.size]), last.root);
}

async function checkSignatures(now, { keys, needed }) {
  const of = async (role) => {
    const own = keys.filter((key) => key.role === role);
    const held = await Promise.all(own.map((key) => signed(now, key)));
    return [true, false].map((holds) => own.filter((_, at) => held[at] === holds));
  };
  const [[good], [seen, bad]] = [await of("log"), await of("witness")];
  say(good.length ? "signed" : "unsigned", { size: now.size, key: good[0]?.key });
  const names = (list) => list.map((key) => key.name).join(", ");
  if (bad.length) say("miswitnessed", { names: names(bad) });
  if (!needed && !seen.length) say("nobody");
  else say(seen.length < needed ? "few" : "seen", { count: seen.length, needed, names: names(seen) });
}

async function checkRecord(now, position) {
  if (position >= now.size) return say("beyond", { position });
  const leaf = await hash(Uint8Array.of(0), await get(`${records}/${position}/raw`));
  const root = await tree(now.size)(now.size, [position, position + 1], { [position]: leaf });
  say(same(root, now.root) ? "included" : "excluded", { position, leaf: hex(leaf) });
}

async function checkEarlier(now, kept) {
  if (!kept) return say("first");
  const old = read(kept.note), at = new Date(kept.at).toLocaleString(document.documentElement.lang);
  const holds = old.origin === now.origin && old.size <= now.size && (await grown(old, now));
  say(holds ? "grown" : "forked", { at, size: old.size, old: old.note, now: now.note });
}

async function checkPasted(now, pasted, { keys }) {
  const old = read(pasted.replace(/\r/g, "").trim() + "\n");
  if (old.origin !== now.origin) return say("other", { origin: old.origin });
  const held = await Promise.all(keys.map((key) => key.role === "log" && signed(old, key)));
  if (!held.includes(true)) return say("not-ours");
  say((await grown(old, now)) ? "joined" : "split", { size: old.size, old: old.note, now: now.note });
}

function cannotSign(fault) {
  if (fault.name !== "NotSupportedError") throw fault;
  say(fault.name);
}

async function check() {
  if (!subtle) return say("no-crypto");
  const now = read(text(await get(`${log}/checkpoint`))), keys = await readKeys();
  const { positie, controlepunt } = form.elements;
  await checkSignatures(now, keys).catch(cannotSign);
  say(same(await tree(now.size)(now.size), now.root) ? "root" : "no-root", { root: hex(now.root) });
  if (positie.value) await checkRecord(now, +positie.value);
  if (controlepunt?.value.trim())
    await checkPasted(now, controlepunt.value, keys).catch(cannotSign);
  await checkEarlier(now, JSON.parse(localStorage.getItem(log)));
  if (!found.some((line) => line.className === "wrong"))
    localStorage.setItem(log, JSON.stringify({ note: now.note, at: Date.now() }));
}

form.hidden = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  found = [];
  shown.textContent = sentences.querySelector("[data-say=busy]").textContent;
  try {
    await check();
  } catch (fault) {
    const known = ["missing", "malformed", "NotSupportedError", "SecurityError"].includes(fault.name);
    say(known ? fault.name : "failed", { ...fault, message: fault.message });
  }
  const worst = ["wrong", "unknown", "right"].find((kind) => found.some((one) => one.className === kind));
  say(`all-${worst}`);
  shown.replaceChildren(found.pop(), ...found);
});
