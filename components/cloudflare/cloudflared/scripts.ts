// Scripts for the hosts of the connectors.

import { renderUnit, type Times, UNIT } from "./unit";
import { scriptFile } from "../../hosts/script-file";
import { scriptAsRoot } from "../../hosts/ssh-script";

const AS_ROOT = scriptFile(__dirname, "connectors.sh")({ UNIT });

/** Shell script for a host, with secrets. Its arguments select installing or removing. */
export function renderScript(
    secrets: { token: string; sudoPassword?: string },
    times: Times,
    teamName: string,
): string {
    const unit = renderUnit(times).replace(/\n$/, "");
    const variables = {
        token: secrets.token,
        unit_text: unit,
        start_seconds: `${times.startSeconds}`,
        keys_url: `https://${teamName}.cloudflareaccess.com/cdn-cgi/access/certs`,
    };
    return scriptAsRoot(AS_ROOT, variables, secrets.sudoPassword);
}

/** Arguments of the host script for installing. Previews show them. */
export function installWords(install: {
    version: string;
    sha256: string;
    instances: number;
    metricsPort: number;
    source?: string;
}): string[] {
    const { version, sha256, instances, metricsPort, source = "-" } = install;
    return ["install", version, sha256, `${instances}`, `${metricsPort}`, source];
}
