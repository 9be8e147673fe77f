import { placeOf } from "../../../components/hosts/ssh-host";
import { ownerIn, type Resource } from "../../resources/resource";
import { at, isOther, list, map, shown, UNKNOWN } from "../../resources/values";

/**
 * Command line for a host: `sh -s --` and words without shell syntax. The script with its secrets is passed on standard
 * input.
 */
const COMMAND_LINE = /^sh -s --((?: (?:[\w./:@=-]+|'(?:[^']|'\\'')*'))*)$/;
const WORD = /(?<= )(?:[\w./:@=-]+|'(?:[^']|'\\'')*')/g;

const NUMBER = String.raw`\d{1,9}`;
const ADDRESSES = String.raw`[0-9a-f.:/,]+`;
const ROLE = "(control-plane|worker)";
const BOOT = "boot=(as-found|never)";
/** Id of the Ray start on the head node. Workers join only that Ray. `as-found` if the head reported no id. */
const HEAD = String.raw`(as-found|[0-9.]{1,40})`;
const ATTEMPT = `attempt=${NUMBER}`;

/** Arguments of this project's scripts, after the names of host and stack. */
const ASKED = [
    "(addons|drain|hold|kubeconfig|mark|ready|release|remove|remove-node|start|unmark)",
    "invite (new|again)",
    `(join|leave) ${ROLE}`,
    String.raw`install [\w.-]{1,16}/[a-z]{1,16} ${ROLE}`,
    `(answers|holds|rests|silent) ${ATTEMPT}`,
    `start (head=${HEAD} )?${BOOT} ${ATTEMPT}`,
    `stop (after-answers )?${BOOT} ${ATTEMPT}`,
    // A release of cloudflared, its public digest and its source.
    String.raw`install \d{1,4}(\.\d{1,6}){2} [0-9a-f]{64} ${NUMBER} ${NUMBER} (-|https?://\S+)`,
    // Addresses that may reach Alpa's ports.
    `install alpa=[0-9,]+( from=${ADDRESSES})?( ray=[0-9,]+)?( also-from=${ADDRESSES})?`,
].map((words) => new RegExp(`^${words}$`));

/** Whether this project renders the command line for this host and this stack. */
function isAsked({ urn, props }: Resource, line: string): boolean {
    const words = [...(COMMAND_LINE.exec(line)?.[1] ?? "").matchAll(WORD)].map(([word]) => unquoted(word));
    const [place, owner, ...asked] = words;
    const isOwn = isPlace(place, map(props.connection)) && owner === ownerIn(urn);
    return isOwn && ASKED.some((one) => one.test(asked.join(" ")));
}

function isPlace(place: string, { host, port = 22 }: Record<string, unknown>): boolean {
    if (typeof host !== "string" || typeof port !== "number") return true; // The host is not set, or not known yet.
    return place === placeOf({ address: host, port });
}

const unquoted = (word: string) => (word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word);

/** Reports a missing host key: the command and its standard input would go to any host that answers. */
function unverifiedHost({ props }: Resource): string[] {
    const key = at(props, "connection.hostKey");
    return key === UNKNOWN || (typeof key === "string" && key.trim() !== "")
        ? []
        : ["connection.hostKey: is missing: any host that answers would get the secrets in stdin. Add it."];
}

const SETTINGS = { logging: "none", addPreviousOutputInEnv: false };

/**
 * Compares everything except `stdin`, which contains a script of the program and its parameters. No preview shows `stdin`,
 * since it is secret. The script is checked in the review of the program's code instead.
 */
export function commandLines(resource: Resource): string[] {
    const { props, marked } = resource;
    const lines = ["create", "update", "delete"].flatMap((field) => {
        const line = props[field];
        if (line === undefined || line === UNKNOWN) return [];
        if (!COMMAND_LINE.test(String(line)))
            return [
                `${field}: must be sh -s -- followed by plain words, since previews and process lists show the command line. Pass other text in stdin, as a secret.`,
            ];
        return isAsked(resource, String(line))
            ? []
            : [
                  `${field}: is not a command that this project runs on this host. Pass other input of the script in stdin, as a secret.`,
              ];
    });
    const settings = Object.entries(SETTINGS)
        .filter(([field, value]) => isOther(props[field], value))
        .map(([field, value]) => `${field}: must be ${shown(value)}: logs must not show what a script prints. Set it.`);
    const input = marked.stdin;
    const open =
        typeof input === "string"
            ? ["stdin: must be secret, since a script contains secrets. Write pulumi.secret(…)."]
            : [];
    const variables = Object.keys((at(props, "environment") as object | undefined) ?? {}).length > 0;
    const sent = variables
        ? [
              "environment: must be empty, since process lists show environment variables. Pass them in stdin, as a secret.",
          ]
        : [];
    return [
        ...unverifiedHost(resource),
        ...lines,
        ...settings,
        ...open,
        ...sent,
        ...(list(props.assets).length > 0 ? ["assets: must be empty. Remove it."] : []),
    ];
}
