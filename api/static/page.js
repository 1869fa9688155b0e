// All that scripts add; every page works without them.
"use strict";

// New events: told in a status line, never by changing what somebody is reading.
const news = document.querySelector("[data-stroom]");
if (news && window.EventSource) {
  let stream;
  const tell = (event) => {
    const { text } = JSON.parse(event.data);
    if (news.textContent === text) return;
    const here = new URL(location.href);
    for (const name of ["na", "vastgelegd"]) here.searchParams.delete(name);
    const link = document.createElement("a");
    link.href = here.pathname + here.search;
    link.textContent = text;
    news.replaceChildren(link);
  };
  // A page that nobody sees holds no connection: a browser has few for one server.
  const follow = () => {
    if (stream) stream.close();
    stream = null;
    if (document.hidden) return;
    stream = new EventSource(news.dataset.stroom);
    stream.addEventListener("nieuw", tell);
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}
