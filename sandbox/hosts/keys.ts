import { utils } from "ssh2";

/** A new private key in OpenSSH form. */
export function newKey(): string {
    for (;;) {
        const { private: key } = utils.generateKeyPairSync("ed25519");
        // ssh2 1.17 now and then writes a key that it cannot read itself.
        if (!(utils.parseKey(key) instanceof Error)) return key;
    }
}

/** The public half of a private key, as a line of authorized_keys without a name. */
export function publicLine(privateKey: string): string {
    const key = utils.parseKey(privateKey);
    if (key instanceof Error) throw key;
    return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}
