import { utils } from "ssh2";

/** Creates a private key in OpenSSH format. */
export function newKey(): string {
    for (;;) {
        const { private: key } = utils.generateKeyPairSync("ed25519");
        // ssh2 1.17 sometimes writes a key that it cannot read itself.
        if (!(utils.parseKey(key) instanceof Error)) return key;
    }
}

/** Returns the public half of a private key as a line of authorized_keys without a comment. */
export function publicLine(privateKey: string): string {
    const key = utils.parseKey(privateKey);
    if (key instanceof Error) throw key;
    return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}
