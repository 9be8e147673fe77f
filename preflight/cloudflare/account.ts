import type { CloudflareAccessArgs } from "../../components/cloudflare-args";
import { tokenName } from "../../components/cloudflare/service-token";
import { tunnelName } from "../../components/cloudflare/tunnel";
import { anotherStack } from "./another-stack";
import type { FindingsReader } from "./findings";

/** Cloudflare's limit of service tokens in an account. */
const MOST_TOKENS = 50;

/** Checks the account: tokens, tunnel, team, application and notification mails. */
export async function accountFindings(
    settings: CloudflareAccessArgs,
    owner: string,
    findings: FindingsReader,
): Promise<void> {
    await Promise.all([
        serviceTokens(settings, owner, findings),
        tunnel(settings, owner, findings),
        team(settings, findings),
        applications(settings, owner, findings),
        settings.notify.length > 0 &&
            findings.list("Account: Notifications: Edit", `accounts/${settings.account}/alerting/v3/policies`),
    ]);
}

interface LiveToken {
    name?: string;
    /** Some versions of the API do not return this field. */
    client_secret_version?: number;
}

/** Checks the number of service tokens. A run creates new tokens before it deletes removed ones, so both count. */
async function serviceTokens({ account, consumers }: CloudflareAccessArgs, owner: string, findings: FindingsReader) {
    const path = `accounts/${account}/access/service_tokens`;
    const live = await findings.list<LiveToken>("Account: Access: Service Tokens: Edit", path);
    if (live === undefined) return;
    const declared = consumers.flatMap(({ name, credentials }) =>
        credentials.map((credential) => ({ who: `${name}/${credential.id}`, credential, consumer: name })),
    );
    const found = declared.map(({ credential, consumer }) =>
        live.find(({ name }) => name === tokenName(owner, consumer, credential.id)),
    );
    const fresh = found.filter((token) => token === undefined).length;
    if (live.length + fresh > MOST_TOKENS)
        findings.problems.push(
            `consumers: the account would have ${live.length + fresh} service tokens (${live.length} existing, ${fresh} new), and Cloudflare's limit is ${MOST_TOKENS}. Remove unused tokens. To remove tokens of this stack, run pulumi up without their credentials before you add new ones.`,
        );
    declared.forEach(({ who, credential }, i) => {
        const has = found[i]?.client_secret_version;
        const wants = credential.secretVersion ?? 1;
        if (has !== undefined && wants < has)
            findings.problems.push(
                `consumers: ${who}: secretVersion must be at least ${has}, the version at Cloudflare (got ${wants}). Set secretVersion ${has} with its previousSecretExpires. If the stack's state is older than version ${has}, rotate to ${has + 1} instead.`,
            );
    });
}

export async function tunnel(
    { account }: Pick<CloudflareAccessArgs, "account">,
    owner: string,
    findings: FindingsReader,
) {
    const name = tunnelName(owner);
    const found = await findings.list<{ name?: string; config_src?: string }>(
        "Account: Cloudflare Tunnel: Edit",
        `accounts/${account}/cfd_tunnel?name=${encodeURIComponent(name)}&is_deleted=false`,
    );
    const theirs = found?.find((tunnel) => tunnel.name === name && tunnel.config_src === "local");
    if (theirs)
        findings.problems.push(
            `tunnel: this stack did not create the existing tunnel ${name}, which reads its rules from its host instead of Cloudflare. Rename that tunnel.`,
        );
}

/** Checks the team: the connectors verify each JWT with the team's keys, and reject every request if the team is wrong. */
async function team({ account, teamName }: CloudflareAccessArgs, findings: FindingsReader) {
    const organization = await findings.getIfAllowed<{ auth_domain?: string; strict_service_token_auth?: boolean }>(
        `accounts/${account}/access/organizations`,
    );
    if (organization?.auth_domain === undefined) {
        findings.warnings.push(
            'access.teamName: not checked, because the token may not read the team. Give the token "Account: Access: Organizations, Identity Providers, and Groups: Read", or compare the name yourself: with a wrong name, every request gets 403.',
        );
        return;
    }
    const real = organization.auth_domain.replace(/\.cloudflareaccess\.com$/, "");
    if (real !== teamName)
        findings.problems.push(
            `access.teamName: the account's team is ${real} (got ${teamName}). Set ${real}: with a wrong name, the connectors reject every request.`,
        );
    if (organization.strict_service_token_auth !== true)
        findings.warnings.push(
            "access: the team is not in strict mode, so a wrong service token may get 403 or a redirect (302) to a login page instead of 401. For 15 minutes, Cloudflare accepts a cookie of Access without a token. Callers must not follow redirects. See docs/operate/service-tokens.md.",
        );
}

interface Application {
    name?: string;
    domain?: string;
    destinations?: { uri?: string }[];
}

/** Reports foreign Access applications for the host names. They would conflict, or take over the requests of a path. */
async function applications({ account, hostnames }: CloudflareAccessArgs, owner: string, findings: FindingsReader) {
    const path = `accounts/${account}/access/apps`;
    const found = await findings.list<Application>("Account: Access: Apps and Policies: Edit", path);
    for (const { name, domain, destinations = [] } of found ?? []) {
        if (name === owner) continue;
        const taken = [domain, ...destinations.map(({ uri }) => uri)].find((place) =>
            hostnames.includes((place ?? "").split("/")[0].toLowerCase()),
        );
        if (taken === undefined) continue;
        const other = anotherStack(name, owner);
        findings.problems.push(
            other
                ? `hostname: ${taken} has the Access application of stack ${other.stack}. ${other.advice} Otherwise choose another name, or destroy that stack.`
                : `hostname: ${taken} has a foreign Access application ("${name}"). Choose another name, or delete that application.`,
        );
    }
}
