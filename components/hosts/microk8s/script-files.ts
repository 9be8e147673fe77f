import { PORTS } from "./ports";
import { scriptFile } from "../script-file";

/** Folder with this project's records about MicroK8s on a host. */
export const FOLDER = "/etc/alpa-auth-microk8s";

/** Node label with the name of its host in the config. Renaming a host in the config does not change the label. */
export const PLACE_LABEL = "alpa-auth.io/place";

/** Text of a script in this folder, with the values of its placeholders. */
export function scriptBody(file: "node.sh" | "cluster.sh" | "probe.sh"): string {
    const ports = PORTS.map(({ port, protocol }) => `${protocol}/${port}`).join(" ");
    return scriptFile(__dirname, file)({ FOLDER, PLACE_LABEL, PORTS: ports });
}
