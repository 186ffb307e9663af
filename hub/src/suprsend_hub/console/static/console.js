// What the pages do beyond links and forms. Without this file everything still works: each piece enhances markup that
// says so (`data-…`), fetches the same pages that a link would open, and takes the part it needs out of them.

const find = (selector, root = document) => root.querySelector(selector);

async function fetchPage(url, options = {}) {
  const response = await fetch(url, { credentials: "same-origin", ...options });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return { response, page };
}

// Copy buttons: hidden in the markup, since without a script they could do nothing.
function showCopyButtons(root = document) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.title;
  button.classList.add("done");
  button.title = "Copied";
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.title = label;
    button.setAttribute("aria-label", label);
  }, 1500);
}

// Search as you type: the results part of the page for that text takes the place of the one shown.
function enhanceSearch(form) {
  const input = find("input[type=search]", form);
  let timer = 0;
  let running = null;
  const search = async () => {
    const url = new URL(form.dataset.search, location.href);
    for (const [name, value] of new URL(location.href).searchParams) {
      if (!["q", "after", "before", "done"].includes(name)) url.searchParams.set(name, value);
    }
    const text = input.value.trim();
    if (text) url.searchParams.set("q", text);
    running?.abort();
    running = new AbortController();
    const results = find("[data-results]");
    results.setAttribute("aria-busy", "true");
    try {
      const { response, page } = await fetchPage(url, { signal: running.signal });
      const found = find("[data-results]", page);
      if (!found || response.redirected) location.assign(url);
      else {
        results.replaceChildren(...found.childNodes);
        showCopyButtons(results);
        history.replaceState(null, "", url);
      }
      results.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url);
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 80);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") moveRow(event, 0);
    if (event.key === "Escape") input.blur();
    if (event.key === "Enter") clearTimeout(timer);
  });
}

// Arrow keys walk the rows of a table; `/` goes to the search box.
function rowLinks() {
  return [...document.querySelectorAll("[data-rows] tbody .id a")];
}

function moveRow(event, index) {
  const links = rowLinks();
  if (!links.length) return;
  event.preventDefault();
  if (index < 0) find("[data-search] input")?.focus();
  else links[Math.min(index, links.length - 1)].focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !find("dialog[open]")) {
    const input = find("[data-search] input");
    if (input) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  }
  const index = rowLinks().indexOf(event.target);
  if (index >= 0 && (event.key === "ArrowDown" || event.key === "j")) moveRow(event, index + 1);
  if (index >= 0 && (event.key === "ArrowUp" || event.key === "k")) moveRow(event, index - 1);
  if (event.key === "Escape") for (const open of document.querySelectorAll("details.filters[open], details.workspace[open], details.who[open], details.confirm[open]")) open.open = false;
});

// Forms in a dialog: the page of the form is fetched and its part marked `data-dialog-content` shown over this page.
let dialog = null;

async function openDialog(url) {
  const { response, page } = await fetchPage(url);
  const part = find("[data-dialog-content]", page);
  if (!part || !response.ok) {
    location.assign(url);
    return;
  }
  showInDialog(part);
}

function showInDialog(part) {
  if (!dialog) {
    dialog = document.createElement("dialog");
    document.body.append(dialog);
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
  dialog.replaceChildren(part);
  const heading = find("h1, h2", part);
  heading.id = "dialog-title";
  dialog.setAttribute("aria-labelledby", "dialog-title");
  if (!dialog.open) dialog.showModal();
  showCopyButtons(dialog);
  enhanceForms(dialog);
  (find("[aria-invalid=true]", part) || find("[autofocus]", part) || find("button.danger, button.primary", part))?.focus();
}

async function submitInDialog(form, submitter) {
  const body = new URLSearchParams(new FormData(form));
  if (submitter?.name) body.set(submitter.name, submitter.value);
  submitter?.setAttribute("disabled", "");
  try {
    const { response, page } = await fetchPage(form.action, { method: "POST", body });
    const part = find("[data-dialog-content]", page);
    if (response.redirected) location.assign(response.url);
    else if (part) showInDialog(part);
    else form.submit();
  } finally {
    submitter?.removeAttribute("disabled");
  }
}

// Edit forms: what will be sent is shown while typing. The hub computes it, as it does for the Preview button.
function enhanceForms(root = document) {
  for (const form of root.querySelectorAll("[data-edit-form]")) {
    find("[data-preview-button]", form)?.remove();
    let timer = 0;
    let running = null;
    const preview = async () => {
      const body = new URLSearchParams(new FormData(form));
      body.set("preview", "1");
      running?.abort();
      running = new AbortController();
      try {
        const { page } = await fetchPage(form.action, { method: "POST", body, signal: running.signal });
        const shown = find("[data-preview]", page);
        if (shown) find("[data-preview]", form).replaceChildren(...shown.childNodes);
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(preview, 150);
    });
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      running?.abort();
    });
  }
}

document.addEventListener("click", (event) => {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const button = event.target.closest("[data-copy]");
  if (button) {
    event.preventDefault();
    copy(button);
  }
  const opener = event.target.closest("a[data-dialog]");
  if (opener && plain) {
    event.preventDefault();
    openDialog(opener.href);
  }
  if (event.target.closest("[data-close]") && dialog?.open) {
    event.preventDefault();
    dialog.close();
  }
  for (const open of document.querySelectorAll("details.filters[open], details.workspace[open], details.who[open], details.confirm[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("submit", (event) => {
  if (dialog?.contains(event.target)) {
    event.preventDefault();
    submitInDialog(event.target, event.submitter);
  }
  if (event.target.matches("[data-theme-form]") && event.submitter) {
    event.preventDefault();
    const theme = event.submitter.value;
    document.documentElement.dataset.theme = theme;
    for (const each of event.target.querySelectorAll("button")) {
      each.setAttribute("aria-pressed", String(each === event.submitter));
    }
    fetch(event.target.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual" });
  }
});

// A notice of what has just been done belongs to this moment, not to the address.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}
showCopyButtons();
enhanceForms();
for (const form of document.querySelectorAll("[data-search]")) enhanceSearch(form);
