import type { PublicKeyAlgorithm } from "../../../components/consumers/signing-algorithms";
import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import { modelsCurl } from "../../../components/openai/sample";
import type { Limits } from "../../../components/consumers/limits";
import type { TokenPair } from "../../../components/cloudflare/service-tokens";
import { dayAfter } from "../../dates";

/** Everything that a caller gets with a handout. */
export interface Handout {
    /** `<consumer>/<credential>`. */
    who: string;
    url: string;
    expires?: string;
    /** How long Alpa may take to answer one request, in seconds. */
    answerTimeoutSeconds: number;
    /** Limits in force for the caller. */
    limits: Limits;
    /** Whether the server has OpenAI's API. Default: it is Alpa. */
    openai?: boolean;
    credential:
        | { method: "key"; key: string }
        | { method: "jwt"; algorithm: "HS256"; claim: string; secret: string }
        | { method: "jwt"; algorithm: PublicKeyAlgorithm; claim: string }
        | ({ method: "service-token" } & TokenPair);
}

/** The page for the caller: the credential, and examples to paste. */
export function renderHandout(handout: Handout): string {
    const { who, url, expires, credential, limits } = handout;
    // Programs read the first sentence up to the end of its line. So the last day is on the next line.
    const end =
        expires === undefined
            ? "until it is revoked."
            : `until ${expires} (UTC).\nThe last day on which it works is ${dayAfter(new Date(expires), -1)}.`;
    const head = `# Access to ${url}\n\nCredential ${who}. It works ${end}`;
    return (
        [head, ...(handout.openai ? openaiParts : partsOf)(handout, credential), ...tokenLimits(limits)].join("\n\n") +
        "\n"
    );
}

/** What a caller with limits in tokens must send: SDKs send none of it by themselves. */
function tokenLimits({ maxTokens, tokens, perTokenSeconds }: Limits): string[] {
    if (maxTokens === undefined) return [];
    return [
        "## Limits in tokens",
        `Each request must set \`max_tokens\` to at most ${maxTokens}, and ask for one answer to one prompt; others get 400.`,
        ...(tokens === undefined
            ? []
            : [
                  `You may use ${tokens} tokens of prompts and answers in ${perTokenSeconds} s; after that you get 429 until the header \`Retry-After\` says. Streams must set \`stream_options: { include_usage: true }\`.`,
              ]),
    ];
}

/** How a program with an OpenAI SDK uses the credential. */
function openaiParts({ url }: Handout, credential: Handout["credential"]): string[] {
    const environment = (key: string, more: string[] = []) =>
        block("Environment of a program with an OpenAI SDK", "sh", [
            ` export OPENAI_BASE_URL=${url}`,
            ` export OPENAI_API_KEY=${key}`,
            ...more,
        ]);
    const listed = (header: string) => block("curl, for the names of the models", "sh", [modelsCurl(url, [header])]);
    if (credential.method === "key")
        return [SECRET, environment(credential.key), listed(`Authorization: Bearer ${credential.key}`)];
    if (credential.method === "jwt") {
        const { algorithm, claim } = credential;
        const shared = credential.algorithm === "HS256";
        const lines = shared ? pythonHmac(claim, credential.secret) : pythonPrivate(claim, algorithm);
        return [
            `Sign a token with ${algorithm}, with the claims \`key\` and \`exp\`. It is the API key until it expires.${shared ? ` ${SECRET}` : ""}`,
            block("Python", "python", [...lines, "print(token)"]),
            environment('"$TOKEN"'),
        ];
    }
    const { clientId, clientSecret } = credential;
    return [
        `${SECRET} Set both headers in the SDK: it sends no other credential that Cloudflare Access reads.`,
        environment("none", [` export CF_ID=${clientId}`, ` export CF_SECRET=${clientSecret}`]),
        block("Python (pip install openai)", "python", [
            "import os",
            "from openai import OpenAI",
            "",
            'headers = {"CF-Access-Client-Id": os.environ["CF_ID"], "CF-Access-Client-Secret": os.environ["CF_SECRET"]}',
            "client = OpenAI(default_headers=headers)",
            "print([model.id for model in client.models.list()])",
        ]),
    ];
}

function partsOf(handout: Handout, credential: Handout["credential"]): string[] {
    switch (credential.method) {
        case "key":
            return keyParts(handout, credential.key);
        case "jwt":
            return tokenParts(handout, credential);
        case "service-token":
            return serviceTokenParts(handout, credential);
    }
}

const SECRET = "Treat it like a password: it is shown only once.";

function keyParts(handout: Handout, key: string): string[] {
    return [
        `${SECRET} Send it in the header \`apikey\`:\n\n    apikey: ${key}`,
        curl(handout, `apikey: ${key}`),
        block("Python (pip install requests)", "python", [
            "import requests",
            "",
            ...pythonRequest(handout, `{"apikey": ${JSON.stringify(key)}}`),
        ]),
    ];
}

function serviceTokenParts(handout: Handout, { clientId, clientSecret }: TokenPair): string[] {
    const headers = { "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return [
        `${SECRET} Send both headers with every request:\n\n${lines.map((line) => `    ${line}`).join("\n")}`,
        "With wrong headers you get 401, 403 or a redirect (302) to a login page, in HTML: do not follow redirects, and check the status first.",
        curl(handout, lines.join("\n")),
        block("Python (pip install requests)", "python", [
            "import requests",
            "",
            ...pythonRequest(handout, JSON.stringify(headers), "answer.text"),
        ]),
    ];
}

function tokenParts(handout: Handout, credential: Extract<Handout["credential"], { method: "jwt" }>): string[] {
    const { algorithm, claim } = credential;
    const shared = credential.algorithm === "HS256";
    return [
        `Sign a token with ${algorithm}. It needs the claims \`"key": "${claim}"\`, which names this credential, and \`exp\`, the time at which it expires. ` +
            "Send it in the header `Authorization: Bearer <token>`." +
            (credential.algorithm === "HS256"
                ? `\n\nThe secret that signs. ${SECRET}\n\n    ${credential.secret}`
                : " Nothing here is secret: you sign with your private key, which stays with you. The example reads it from `private.pem`."),
        block(shared ? "Python (pip install requests)" : "Python (pip install requests 'pyjwt[crypto]')", "python", [
            ...(credential.algorithm === "HS256"
                ? pythonHmac(claim, credential.secret)
                : pythonPrivate(claim, algorithm)),
            "",
            ...pythonRequest(handout, '{"Authorization": f"Bearer {token}"}'),
        ]),
        "For curl, print `token` in this program, and export it as TOKEN:",
        curl(handout, "Authorization: Bearer $TOKEN", { expandsVariables: true }),
    ];
}

/**
 * curl reads the credential from standard input, since all users of a machine can read command lines. The leading space
 * keeps the command out of the history of bash if HISTCONTROL has `ignorespace`, as on Debian and Ubuntu.
 */
function curl(
    { url, answerTimeoutSeconds }: Handout,
    header: string,
    { expandsVariables } = { expandsVariables: false },
): string {
    const end = expandsVariables ? "END" : "'END'";
    return block("curl", "sh", [
        ` curl -sS --max-time ${answerTimeoutSeconds + 10} ${url}/completions -H @- -H 'Content-Type: application/json' -d '${SAMPLE_COMPLETION}' <<${end}`,
        header,
        "END",
    ]);
}

/** @param body Python expression that reads the answer; errors of the edge are HTML, which `answer.json()` cannot read */
function pythonRequest({ url, answerTimeoutSeconds }: Handout, headers: string, body = "answer.json()"): string[] {
    return [
        "session = requests.Session()",
        "session.trust_env = False  # a password of ~/.netrc would be sent instead of a token",
        "answer = session.post(",
        `    "${url}/completions",`,
        `    headers=${headers},`,
        `    json=${SAMPLE_COMPLETION},`,
        `    timeout=${answerTimeoutSeconds + 10},`,
        "    allow_redirects=False,  # a redirect would send the key along",
        ")",
        `print(answer.status_code, ${body})`,
    ];
}

function pythonHmac(claim: string, secret: string): string[] {
    return [
        "import base64, hashlib, hmac, json, time",
        "import requests",
        "",
        'b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")',
        `claims = {"key": "${claim}", "iat": int(time.time()), "exp": int(time.time()) + 900}`,
        'signed = b64(b\'{"alg":"HS256","typ":"JWT"}\') + b"." + b64(json.dumps(claims).encode())',
        `signature = hmac.new(${JSON.stringify(secret)}.encode(), signed, hashlib.sha256).digest()`,
        'token = (signed + b"." + b64(signature)).decode()',
    ];
}

function pythonPrivate(claim: string, algorithm: string): string[] {
    return [
        "import time",
        "import jwt, requests",
        "",
        `claims = {"key": "${claim}", "iat": int(time.time()), "exp": int(time.time()) + 900}`,
        `token = jwt.encode(claims, open("private.pem").read(), algorithm="${algorithm}")`,
    ];
}

function block(title: string, language: string, lines: string[]): string {
    return `## ${title}\n\n\`\`\`${language}\n${lines.join("\n")}\n\`\`\``;
}
