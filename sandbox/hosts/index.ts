/** Servers reachable by SSH, for what the project installs on hosts. */
export { serveDownloads } from "./downloads";
export { startHost, SYSTEMS, type Host, type HostOptions } from "./host";
export { newKey, publicLine } from "./keys";
