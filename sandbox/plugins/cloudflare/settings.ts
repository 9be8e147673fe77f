import type { Values } from "../protocol";

/** Default address of the released provider. */
const DEFAULT_BASE_URL = "https://api.cloudflare.com/client/v4/";

const FORMS: Record<string, RegExp> = {
    apiToken: /^[0-9A-Za-z\-_]{40,80}$/,
    baseUrl: /^https?:\/\//,
};

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Validates a provider's settings. As in the released provider, only settings of a program or a config file are checked, not
 * environment variables.
 */
export function settingsProblems(given: Values): { property: string; reason: string }[] {
    const found: { property: string; reason: string }[] = [];
    const wrong = (property: string, text: string) =>
        found.push({
            property,
            reason: `could not validate provider configuration: Invalid Attribute Value. Attribute ${snake(property)} ${text}`,
        });
    for (const [name, value] of Object.entries(given)) {
        if (name === "version" || name === "pluginDownloadURL") continue;
        const form = FORMS[name];
        if (!form) found.push({ property: name, reason: `The setting "${name}" is unsupported by the sandbox.` });
        // The message never contains the value, because it is a credential.
        else if (typeof value !== "string" || !form.test(value)) wrong(name, `value must match ${form.source}.`);
    }
    return found;
}

export interface Settings {
    /** Address with a final slash. */
    baseUrl: string;
    /** Header with the credential. */
    headers: Record<string, string>;
}

/** The settings of a provider. A setting that the configuration does not have is read from the environment. */
export function settingsOf(given: Values, env: NodeJS.ProcessEnv): Settings {
    const from = (name: string, variable: string) => (given[name] as string | undefined) || env[variable] || undefined;
    const base = from("baseUrl", "CLOUDFLARE_BASE_URL") ?? DEFAULT_BASE_URL;
    const token = from("apiToken", "CLOUDFLARE_API_TOKEN");
    return {
        baseUrl: base.endsWith("/") ? base : `${base}/`,
        headers: token ? { Authorization: `Bearer ${token}` } : {},
    };
}
