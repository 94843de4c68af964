(() => {
  // Show the findings of the levels and the check that are chosen, and no heading without one.
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = document.querySelector("#filter form");
  if (!form) return;
  const findings = all("div.found");
  const show = () => {
    const levels = all("input:checked", form).map((box) => box.value);
    const check = form.elements.check.value;
    findings.forEach((found) => {
      found.hidden = !levels.includes(found.dataset.level) || (check !== "" && found.dataset.id !== check);
    });
    const holds = (place) => all("div.found", place).some((found) => !found.hidden);
    all("section.place, section.part > details, section.part").forEach((place) => { place.hidden = !holds(place); });
    const left = findings.filter((found) => !found.hidden).length;
    const whole = left === findings.length;
    if (check !== "") all("section.part > details").forEach((box) => { box.open = true; });
    form.querySelector("output").textContent = whole ? "" : `${left} of ${findings.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", show);
  show();
})();
