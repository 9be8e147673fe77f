import { hash } from "@node-rs/bcrypt";
import { randomBytes, randomInt } from "node:crypto";
import type { Values } from "../protocol";

export interface ResourceType {
    /** Accepted inputs with their types. Only inputs that this project's programs set are accepted. */
    inputs: Record<string, "number" | "boolean">;
    required: string[];
    /** Properties that only the provider sets. */
    computed: string[];
    /** Computed properties with secrets. */
    secrets: string[];
    /** The planned state without computed properties: the inputs with the released provider's defaults. */
    plan(inputs: Values): Values;
    make(planned: Values): Promise<{ id: string; computed: Values }>;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** The emulated resources, by type. */
export const RESOURCE_TYPES: Record<string, ResourceType> = {
    "random:index/randomPassword:RandomPassword": {
        inputs: { length: "number", special: "boolean", numeric: "boolean" },
        required: ["length"],
        computed: ["id", "result", "bcryptHash"],
        secrets: ["result", "bcryptHash"],
        plan: ({ length, special = true, numeric = true }) => ({
            __meta: '{"schema_version":"3"}',
            ...{ length, special, numeric, number: numeric, lower: true, upper: true },
            ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
        }),
        make: async ({ length, special, numeric }) => {
            const characters = LETTERS + (numeric === true ? DIGITS : "") + (special === true ? SPECIAL : "");
            const picked = Array.from({ length: Number(length) }, () => characters[randomInt(characters.length)]);
            const result = picked.join("");
            // 10 and 2a are the cost and the version of Go's bcrypt, which the provider uses unchanged. 2a, 2b and 2y are the
            // same algorithm.
            const bcryptHash = (await hash(result, 10)).replace(/^\$2[aby]\$/, "$$2a$$");
            return { id: "none", computed: { id: "none", result, bcryptHash } };
        },
    },
    "random:index/randomUuid:RandomUuid": {
        ...{ inputs: {}, required: [], computed: ["id", "result"], secrets: [] },
        plan: () => ({}),
        make: async () => {
            const hex = randomBytes(16).toString("hex");
            // As in the released provider, the UUID has no version bits.
            const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
                "-",
            );
            return { id, computed: { id, result: id } };
        },
    },
};
