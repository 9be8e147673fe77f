import type { ApiReader } from "../../components/cloudflare/api";
import type { CloudflareAccessArgs } from "../../components/cloudflare-args";
import { tokenName } from "../../components/cloudflare/service-token";
import { problem, warning, type Finding } from "../findings";
import { foreign, readList } from "./reader";

interface LiveToken {
    name?: string;
    /** Some versions of the API do not return this field. */
    client_secret_version?: number;
}

/** Rejects a version older than Cloudflare's: the next rotation would silently keep the secret. */
export async function secretVersions(
    { account, consumers }: CloudflareAccessArgs,
    owner: string,
    api: ApiReader,
): Promise<Finding[]> {
    const permission = "Account: Access: Service Tokens: Edit";
    const live = await readList<LiveToken>(api, permission, `accounts/${account}/access/service_tokens`);
    return consumers.flatMap(({ name: consumer, credentials }) =>
        credentials.flatMap(({ id, secretVersion: wants = 1 }) => {
            const token = live.find(({ name }) => name === tokenName(owner, consumer, id));
            const has = token?.client_secret_version ?? 0;
            if (wants >= has) return [];
            return [
                problem(
                    `consumers: ${consumer}/${id}: secretVersion must be at least ${has}, the version at Cloudflare (got ${wants}). Set secretVersion ${has} with its previousSecretExpires. If the stack's state is older than version ${has}, rotate to ${has + 1} instead.`,
                ),
            ];
        }),
    );
}

/** Checks the team: the connectors verify each JWT with the team's keys, and reject every request if the team is wrong. */
export async function team({ account, teamName }: CloudflareAccessArgs, api: ApiReader): Promise<Finding[]> {
    const { result: organization } = await api.get<{ auth_domain?: string; strict_service_token_auth?: boolean }>(
        `accounts/${account}/access/organizations`,
    );
    if (organization?.auth_domain === undefined)
        return [
            warning(
                'teamName: not checked, because the token may not read the team. Give the token "Account: Access: Organizations, Identity Providers, and Groups: Read", or compare the name yourself: with a wrong name, every request gets 403.',
            ),
        ];
    const found: Finding[] = [];
    const real = organization.auth_domain.replace(/\.cloudflareaccess\.com$/, "");
    if (real !== teamName)
        found.push(
            problem(
                `teamName: the account's team is ${real} (got ${teamName}). Set ${real}: with a wrong name, the connectors reject every request.`,
            ),
        );
    if (organization.strict_service_token_auth !== true)
        found.push(
            warning(
                "access: the team is not in strict mode, so a wrong service token may get 403 or a redirect (302) to a login page instead of 401. For 15 minutes, Cloudflare accepts a cookie of Access without a token. Callers must not follow redirects. See docs/operate/service-tokens.md.",
            ),
        );
    return found;
}

interface Application {
    name?: string;
    domain?: string;
    destinations?: { uri?: string }[];
}

/** Reports foreign Access applications for the host names. They would conflict, or take over the requests of a path. */
export async function applications(
    { account, hostnames }: CloudflareAccessArgs,
    owner: string,
    api: ApiReader,
): Promise<Finding[]> {
    const permission = "Account: Access: Apps and Policies: Edit";
    const all = await readList<Application>(api, permission, `accounts/${account}/access/apps`);
    return all.flatMap(({ name, domain, destinations = [] }) => {
        const taken = [domain, ...destinations.map(({ uri }) => uri)].find((place) =>
            hostnames.includes((place ?? "").split("/")[0].toLowerCase()),
        );
        if (name === owner || taken === undefined) return [];
        return [
            problem(
                `hostname: ${taken} has the Access application ${foreign(name)} choose another host name, or delete that application.`,
            ),
        ];
    });
}
