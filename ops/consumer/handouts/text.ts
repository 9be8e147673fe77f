import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import type { TokenPair } from "../../../components/cloudflare/service-tokens";
import type { Limits } from "../../../components/consumers/limits";
import { modelsCurl } from "../../../components/openai/sample";
import { dayAfter } from "../../dates";
import { limitsInWords } from "../../stack/limits";

/** Everything that a caller gets with a handout; `limits` are those in force. */
export interface Handout {
    url: string;
    /** How long the server may take to answer one request, in seconds. */
    answerTimeoutSeconds: number;
    limits: Limits;
    /** Whether the server has OpenAI's API. Default: it is Alpa. */
    openai?: boolean;
    credentials: HandoutCredential[];
}

/** A credential `<consumer>/<credential>`: a key, a service token, or the claim `key` of tokens and what signs them. */
export interface HandoutCredential extends Partial<TokenPair> {
    who: string;
    expires?: string;
    key?: string;
    claim?: string;
    algorithm?: string;
    /** Unset if the caller signs with its private key. */
    secret?: string;
}

/** The page for a caller: its limits, and each credential with examples to paste. */
export function renderHandout(page: Handout): string {
    const parts = page.credentials.map((one) => [validity(one), usage(one), ...examples(page, one)].join("\n\n"));
    return `# Access to ${page.url}\n\n${about(page)}\n\n${parts.join("\n\n---\n\n")}\n`;
}

function about({ url, limits, openai }: Handout): string {
    const { maxTokens, tokens } = limits;
    const lines = [
        `Base URL: ${url}`,
        `Limits: ${limitsInWords(limits)}. After a 429, wait as its header \`Retry-After\` says.`,
        ...(maxTokens
            ? [`Set \`max_tokens\` in each request to at most ${maxTokens}, for one answer to one prompt.`]
            : []),
        ...(tokens ? ["Set `stream_options: { include_usage: true }` in each stream."] : []),
        openai
            ? "Client: any OpenAI SDK, for example `pip install openai` or `npm install openai`."
            : "Client: for Python, `pip install './client/python[private-key]'` in a clone of the project alpa-auth, where docs/call/README.md shows a call with each credential. Or any HTTP client.",
    ];
    return lines.map((line) => `- ${line}`).join("\n");
}

const SECRET = "Treat it like a password: it is shown only once.";

function validity({ who, expires }: HandoutCredential): string {
    const end = expires && `${expires} (UTC): its last day is ${dayAfter(new Date(expires), -1)}.`;
    return `Credential ${who}. It works until ${end ?? "it is revoked."}`;
}

function usage(one: HandoutCredential): string {
    const { claim, algorithm, secret } = one;
    if (claim === undefined)
        return `${SECRET} Send it with every request, and follow no redirect (in an OpenAI SDK, a key is \`api_key\`, and headers are \`default_headers\`):\n\n    ${headersOf(one).join("\n    ")}`;
    return [
        `Sign a token with ${algorithm}. It needs the claims \`"key": "${claim}"\`, which names this credential, and \`exp\`, the time at which it expires. Send it in the header \`Authorization: Bearer <token>\`.`,
        secret === undefined
            ? "Nothing here is secret: you sign with your private key, which stays with you."
            : `The secret that signs. ${SECRET}\n\n    ${secret}`,
        `In Python (\`pip install 'pyjwt[crypto]'\`): \`jwt.encode({"key": "${claim}", "exp": int(time.time()) + 900}, key, algorithm="${algorithm}")\``,
    ].join("\n\n");
}

function headersOf({ key, claim, clientId, clientSecret }: HandoutCredential): string[] {
    if (key !== undefined) return [`apikey: ${key}`];
    if (claim !== undefined) return ["Authorization: Bearer $TOKEN"];
    return [`CF-Access-Client-Id: ${clientId}`, `CF-Access-Client-Secret: ${clientSecret}`];
}

function examples({ url, answerTimeoutSeconds, openai }: Handout, one: HandoutCredential): string[] {
    const isToken = one.claim !== undefined;
    if (!openai) {
        // curl reads the credential from standard input, since all users of a machine can read command lines. The leading
        // space keeps the command out of the history of bash if HISTCONTROL has `ignorespace`, as on Debian and Ubuntu.
        const command = ` curl -sS --max-time ${answerTimeoutSeconds + 10} ${url}/completions -H @- -H 'Content-Type: application/json' -d '${SAMPLE_COMPLETION}' <<${isToken ? "END" : "'END'"}`;
        return [block("curl", [command, ...headersOf(one), "END"])];
    }
    const key = isToken ? '"$TOKEN"' : (one.key ?? "none");
    const sdk = [` export OPENAI_BASE_URL=${url}`, ` export OPENAI_API_KEY=${key}`];
    const models = isToken ? [] : [block("curl, for the names of the models", [modelsCurl(url, headersOf(one))])];
    return [block("Environment of an OpenAI SDK", sdk), ...models];
}

function block(title: string, lines: string[]): string {
    return `## ${title}\n\n\`\`\`sh\n${lines.join("\n")}\n\`\`\``;
}
