/** Servers reachable by SSH, for what the project installs on hosts. */
export { serveDownloads } from "./downloads";
export { startHost, SYSTEMS, type Host, type HostOptions } from "./host";
export { Microk8sPlay, type Microk8sHost, type Microk8sHostOptions, type Microk8sPlayOptions } from "./microk8s/play";
export { newKey, publicLine } from "./keys";
export { openWay, type Way } from "./way";
