// Renews the page of the preview when a file of the content is saved.
let stamp = null;
setInterval(async () => {
  try {
    const now = await (await fetch("/stamp")).text();
    if (stamp !== null && now !== stamp) location.reload();
    stamp = now;
  } catch (error) {
    // the preview has ended
  }
}, 700);
