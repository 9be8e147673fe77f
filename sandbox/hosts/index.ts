/** Emulated servers with SSH, on which tests run the parts of the project that install software on hosts. */
export { serveDownloads } from "./downloads";
export { startHost, type Host, type HostOptions } from "./host";
export { Microk8sEmulator, type Microk8sHost, type Microk8sHostOptions } from "./microk8s/emulator";
export { newKey, publicLine } from "./keys";
