// Makes the page livelier: the forms send without leaving it, a running count moves. All of it works without, too.

const POLL_MS = 700;
const result = document.getElementById("result");

for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  acceptDrops(form.querySelector(".drop"), form.querySelector("input[type=file]"));
}
addEventListener("popstate", () => location.reload());
follow();

// Send a form and put what the server answers into the page.
function send(form) {
  const files = [...form.querySelector("input[type=file]").files];
  const megabytes = files.reduce((sum, file) => sum + file.size, 0) / 1e6;
  if (megabytes > Number(form.dataset.limitMb)) {
    say(form, `That is ${megabytes.toFixed(0)} MB; this service takes up to ${form.dataset.limitMb} MB at once.`, true);
    return;
  }
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.upload.onprogress = (event) => {
    show(form, event.lengthComputable ? event.loaded / event.total : null);
  };
  request.upload.onload = () => show(form, null);
  request.onload = () => finish(form, request);
  request.onerror = () => stop(form, "The service did not answer. Is it running? Then try once more.");
  request.send(new FormData(form));
  form.querySelector("button").disabled = true;
  say(form, `${form.dataset.wait} …`);
  show(form, 0);
}

function finish(form, request) {
  const problem = request.response?.getElementById("problem");
  if (problem || !request.response) {
    stop(form, problem?.textContent ?? `The service answered with an error (${request.status}).`);
    return;
  }
  stop(form, "");
  form.reset();
  take(request.response);
  const address = new URL(request.responseURL).pathname;
  if (address !== location.pathname) history.pushState(null, "", address);
  result.scrollIntoView({ block: "start" });
  follow();
}

// Put the result and the list of another version of this page in place of those shown.
function take(page) {
  for (const id of ["result", "earlier"]) {
    const [here, there] = [document.getElementById(id), page.getElementById(id)];
    if (here.innerHTML !== there.innerHTML) here.innerHTML = there.innerHTML;
  }
  document.title = page.title;
}

// Ask for the slide that is shown again and again until it is done.
async function follow() {
  const slide = result.querySelector("[data-state=queued], [data-state=running]");
  if (!slide) return;
  const address = slide.dataset.page;
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  try {
    const answer = await fetch(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (result.querySelector(`[data-page="${address}"]`) !== slide) return; // another one is shown by now
    if (answer.redirected) location.reload(); // logged out by now
    else if (answer.ok) take(page);
  } catch {
    slide.querySelector("[role=status]").textContent = "The service does not answer. Trying again …";
  }
  follow();
}

function acceptDrops(box, input) {
  for (const kind of ["dragenter", "dragover"]) {
    box.addEventListener(kind, (event) => {
      event.preventDefault();
      box.classList.add("over");
    });
  }
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    const dropped = new DataTransfer();
    for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) {
      dropped.items.add(file);
    }
    input.files = dropped.files;
  });
}

function stop(form, problem) {
  form.querySelector("button").disabled = false;
  form.querySelector("progress").hidden = true;
  say(form, problem, Boolean(problem));
}

function show(form, fraction) {
  const bar = form.querySelector("progress");
  bar.hidden = false;
  if (fraction === null) bar.removeAttribute("value");
  else bar.value = fraction;
}

function say(form, text, isProblem = false) {
  const line = form.querySelector(".status");
  line.textContent = text;
  line.classList.toggle("problem", isProblem);
}
