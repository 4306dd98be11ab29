// What the theme leaves out for those who read by keyboard or by ear: names for the arrows that unfold the list of
// pages, and a stop of the Tab key at what is wider than the page.

document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll("nav details > summary")) {
    const page = arrow.closest("li").querySelector("a");
    arrow.setAttribute("aria-label", `Pages below ${page ? page.textContent.trim() : "this one"}`);
  }
  for (const wide of document.querySelectorAll(".formula, .cell_output .output, .pst-scrollable-table-container")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
});
