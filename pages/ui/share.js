// The address of what is seen, to be copied; as it is, or with less around it.

export default function ({ parentElement }) {
  const ask = (selector) => parentElement.querySelector(selector);
  const field = ask("input[type=text]");
  const write = () => {
    const address = new URL(location.href);
    ask("[name=hide]").checked && address.searchParams.set("hide", "controls,menu");
    ask("[name=present]").checked ? address.searchParams.set("present", "true") : address.searchParams.delete("present");
    field.value = address.href;
    ask(".told").textContent = "";
  };
  const copy = async () => {
    write();
    field.select();
    // Browsers give the clipboard to secure pages only, and a class is often served without TLS.
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value).catch(() => document.execCommand("copy"));
    else document.execCommand("copy");
    ask(".told").textContent = "Copied.";
  };
  parentElement.querySelectorAll("input[type=checkbox]").forEach((box) => (box.onchange = write));
  ask("button").onclick = copy;
  write();
}
