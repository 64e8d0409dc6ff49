// The visitor's key: made once by the browser, kept in a cookie that never leaves this site.
export default function ({ setStateValue }) {
  const name = "genlib_key";
  const stored = document.cookie.split("; ").find((item) => item.startsWith(`${name}=`));
  let key = stored && stored.slice(name.length + 1);
  if (!/^[0-9a-f]{32}$/.test(key || "")) {
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    document.cookie = `${name}=${key}; path=/; max-age=31536000; SameSite=Strict`;
  }
  setStateValue("key", key);
}
