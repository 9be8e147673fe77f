import { createPrivateKey } from "node:crypto";

const BEGIN = /^\s*-----BEGIN ((?:[A-Z]+ )*)PRIVATE KEY-----\s/;
const OPENSSH_MAGIC = "openssh-key-v1\0";
const PASSPHRASE =
    "must have no passphrase, since a run cannot enter one. Create a separate key for this: ssh-keygen -t ed25519 -N ''";

/** Problem of a private key for SSH; undefined if there is none. Never quotes the key. */
export function sshKeyProblem(pem: string): string | undefined {
    const kind = BEGIN.exec(pem)?.[1];
    if (kind === undefined)
        return "must be a private key, from BEGIN to END line (it cannot be read). Set the content of the file, not its name.";
    if (kind === "ENCRYPTED " || /^Proc-Type: .*ENCRYPTED/m.test(pem)) return PASSPHRASE;
    if (kind === "OPENSSH ") return openSshProblem(pem);
    try {
        createPrivateKey(pem);
        return undefined;
    } catch {
        return CUT_OFF;
    }
}

const CUT_OFF = "must be a complete private key (it is damaged or truncated). Set the content of the file again.";

/** Checks header and encryption of a key in the format of ssh-keygen, which Node.js does not support. */
function openSshProblem(pem: string): string | undefined {
    const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
        pem,
    );
    const bytes = Buffer.from(body?.[1] ?? "", "base64");
    const start = OPENSSH_MAGIC.length;
    if (bytes.subarray(0, start).toString("latin1") !== OPENSSH_MAGIC || bytes.length < start + 4) return CUT_OFF;
    const length = bytes.readUInt32BE(start);
    const cipher = bytes.subarray(start + 4, start + 4 + length).toString("latin1");
    return cipher === "none" ? undefined : PASSPHRASE;
}
