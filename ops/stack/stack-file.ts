/** Values of a stack file, and of its callers file, before their check. */
import * as z from "zod";
import type { ServerSettings } from "../../components/server";
import { LIMITS, type Limits } from "../../components/consumers/limits";
import { credential as gatewayCredential } from "../../config/keys/consumers/schema";
import { credential as serviceToken } from "../../config/keys/consumers/service-tokens";
import { PROJECT } from "../../config/stack-file";
import { authenticatorOf } from "../../config/options";
import type { Authenticator } from "../../config/options/option";
import { isMapping, valueAt } from "../../config/unchecked";
import { parseYaml } from "./yaml-edit";

export { PROJECT };

type GatewayCredential = z.input<typeof gatewayCredential>;
type ServiceToken = z.input<typeof serviceToken>;

/** Authentication methods of callers. `service-token` is only for option cloudflare. */
export const METHODS = [...gatewayCredential.shape.method.options, ...serviceToken.shape.method.values] as const;
export type Method = (GatewayCredential | ServiceToken)["method"];

/** A new credential to write into the file. */
export type NewCredential = Pick<GatewayCredential, "id" | "algorithm" | "publicKey" | "expires"> & {
    method: Method;
};

// Fields of a wrong kind are unset, since the config check reports them. All others, and keys, are left out.
const text = z.string().optional().catch(undefined);
const day = z
    .string()
    .transform((value) => value.slice(0, 10))
    .optional()
    .catch(undefined);
/** A number. `pulumi config set` writes it as text, which the program parses as a number. */
const number = z
    .union([z.number(), z.string().trim().min(1).pipe(z.coerce.number())])
    .optional()
    .catch(undefined);
const limits = z
    .object(Object.fromEntries(LIMITS.map((name) => [name, number])) as Record<keyof Limits, typeof number>)
    .optional()
    .catch(undefined);
const credential = z.object({
    id: z.coerce.string(),
    method: z.coerce.string(),
    algorithm: text,
    publicKey: text,
    expires: day,
    enabled: z.boolean().optional().catch(undefined),
    secretVersion: z.number().optional().catch(undefined),
    previousSecretExpires: day,
});
const models = z.array(z.string()).optional().catch(undefined);
const consumer = z.object({ name: z.coerce.string(), class: text, models, limits, credentials: entries(credential) });

/** Mappings in a list, which may be missing. */
function entries<T>(schema: z.ZodType<T>) {
    return z
        .array(z.unknown())
        .catch([])
        .transform((all) => all.filter(isMapping).map((one) => schema.parse(one)));
}

export type Credential = z.output<typeof credential>;
export type Consumer = z.output<typeof consumer>;

/** The callers of a stack file, or of a callers file, not validated and without their keys. */
export function readConsumers(file: string): Consumer[] {
    return entries(consumer).parse(readValue(file, "consumers"));
}

/** Limits of all callers, which a caller's own limits replace. */
export function readLimits(file: string): Limits {
    return limits.parse(readValue(file, "limits")) ?? {};
}

/** A value of the config. Pulumi also accepts a key without the project's name, and a structured value as JSON text. */
export function readValue(file: string, key: string, ...path: string[]): unknown {
    const all = parseYaml(file).toJS() as Record<string, unknown> | null;
    const config = all !== null && "config" in all ? all.config : all;
    const value = valueAt(config, [`${PROJECT}:${key}`]) ?? valueAt(config, [key]);
    return valueAt(typeof value === "string" ? structured(value) : value, path);
}

function structured(value: string): unknown {
    try {
        const parsed = JSON.parse(value) as unknown;
        return typeof parsed === "object" ? parsed : value;
    } catch {
        return value;
    }
}

export function readNumber(file: string, key: string, ...path: string[]): number | undefined {
    return number.parse(readValue(file, key, ...path));
}

/** Kind of the server behind a stack. */
export function serverIn(file: string): ServerSettings["kind"] {
    return readValue(file, "openai") === undefined ? "alpa" : "openai";
}

/** What authenticates the callers of a stack: its gateway, or Cloudflare's edge. */
export function authenticatorIn(file: string): Authenticator {
    return authenticatorOf(readValue(file, "option"));
}
