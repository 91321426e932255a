// A question and its options as radio buttons; what is chosen counts once it is committed to.

/** @typedef {import("@anywidget/types").AnyModel<{question: string, labels: string[], guess: number, verdict: string}>} Model */

/** @param {{ model: Model, el: HTMLElement }} context */
function render({ model, el }) {
  const name = crypto.randomUUID(); // radio buttons of one question belong together, of two questions they must not
  const fieldset = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = model.get("question");
  fieldset.append(legend);
  const radios = model.get("labels").map((text) => {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name });
    radio.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take the arrow keys away
    label.append(radio, ` ${text}`);
    fieldset.append(label);
    return radio;
  });
  const commit = Object.assign(document.createElement("button"), {
    type: "button", className: "ds-button", textContent: "This is my guess", disabled: true,
  });
  const said = Object.assign(document.createElement("div"), { className: "ds-said", role: "status", ariaLive: "polite" });

  const refresh = () => {
    const guess = model.get("guess");
    const verdict = model.get("verdict");
    radios.forEach((radio, index) => {
      radio.checked = guess >= 0 ? index === guess : radio.checked;
      radio.disabled = guess >= 0 || verdict !== "";
    });
    commit.hidden = guess >= 0 || verdict !== "";
    said.textContent = verdict || (guess >= 0 ? `Your guess: ${model.get("labels")[guess]}.` : "");
  };
  fieldset.addEventListener("change", () => { commit.disabled = false; });
  commit.addEventListener("click", () => {
    model.set("guess", radios.findIndex((radio) => radio.checked));
    model.save_changes();
  });
  el.classList.add("ds-widget", "ds-question");
  el.append(fieldset, commit, said);
  model.on("change:guess", refresh);
  model.on("change:verdict", refresh);
  refresh();
  return () => {
    model.off("change:guess", refresh);
    model.off("change:verdict", refresh);
  };
}

export default { render };
