/**
 * Field encryption of the Admin API: AES-128-CBC with the public default keyring. Equal texts have equal ciphertexts, because
 * the initialization vector is fixed.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { PLUGINS } from "../plugins/index";
import type { Conf } from "../request/types";

/** First key of APISIX's default keyring (data_encryption.keyring). APISIX uses it as key and as initialization vector. */
const KEY = Buffer.from("qeddd145sfvddff3");

export function encrypt(text: string): string {
    const cipher = createCipheriv("aes-128-cbc", KEY, KEY);
    return Buffer.concat([cipher.update(text, "utf8"), cipher.final()]).toString("base64");
}

export function decrypt(text: string): string {
    const decipher = createDecipheriv("aes-128-cbc", KEY, KEY);
    return Buffer.concat([decipher.update(text, "base64"), decipher.final()]).toString("utf8");
}

/** Copies the field `plugins` of an object, with the secret fields encrypted as in etcd. */
export function encryptPlugins(plugins: Conf): Conf {
    return Object.fromEntries(
        Object.entries(plugins).map(([name, conf]) => {
            const fields = PLUGINS.get(name)?.encryptFields ?? [];
            const copy: Conf = { ...(conf as Conf) };
            for (const field of fields) if (typeof copy[field] === "string") copy[field] = encrypt(copy[field]);
            return [name, copy];
        }),
    );
}
