// New events are told in a link: nothing changes under who is reading.
const news = document.querySelector("[data-stroom]");
let stream;

function follow() {
  stream?.close();
  if (document.hidden) return;
  stream = new EventSource(news.dataset.stroom);
  stream.addEventListener("nieuw", ({ data }) => {
    news.textContent = JSON.parse(data).text;
    news.hidden = false;
  });
}

document.onvisibilitychange = follow;
follow();
