import { POD_NETWORK } from "./launch";
import { PORTS } from "./ports";
import { scriptFile } from "../script-file";

/** Folder with what this project knows of MicroK8s on a host. */
export const FOLDER = "/etc/alpa-auth-microk8s";

/** Label of a node: name of its host in the config that made it. A host that is renamed there stays. */
export const PLACE_LABEL = "alpa-auth.io/place";

/** Body of a script of this folder. */
export function scriptBody(file: "node.sh" | "cluster.sh" | "probe.sh"): string {
    const ports = PORTS.map(({ port, protocol }) => `${protocol}/${port}`).join(" ");
    return scriptFile(__dirname, file)({ FOLDER, PLACE_LABEL, POD_NETWORK, PORTS: ports });
}
