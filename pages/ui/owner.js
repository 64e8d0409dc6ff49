// The visitor's key: made once by the browser, or taken from another device, and kept in a cookie that never leaves this
// site.
export default function ({ data, setStateValue }) {
  const name = "genlib_key";
  const fits = (key) => /^[0-9a-f]{32}$/.test(key || "");
  const stored = document.cookie.split("; ").find((item) => item.startsWith(`${name}=`));
  const before = stored && stored.slice(name.length + 1);
  const drawn = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const key = [data && data.take, before].find(fits) || drawn();
  const only = location.protocol === "https:" ? "; Secure" : "";
  if (key !== before) document.cookie = `${name}=${key}; path=/; max-age=31536000; SameSite=Strict${only}`;
  if (!data || !data.take) setStateValue("key", key); // of what was taken the server knows
}
