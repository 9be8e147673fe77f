/** Routes of the account, of its Access organization, and of the verification of an API token. */
import { z } from "zod";
import { isStrictForGood, type Account } from "../account";
import { ApiError, refused } from "./answer";
import { bodyOf, product, type Route } from "./call";
import { page, PAGING } from "./paging";
import { sessionDuration } from "./access/policies";

const settings = product("Account Settings");
const organizations = product("Access: Organizations, Identity Providers, and Groups");

const organizationBody = z.strictObject({
    name: z.string().min(1).optional(),
    session_duration: sessionDuration.optional(),
    strict_service_token_auth: z.boolean().optional(),
});

export const accountRoutes: Route[] = [
    settings(
        "GET",
        "accounts",
        "finding the account id",
        (call) =>
            page(
                call,
                (call.query.get("name") ?? call.account.name) === call.account.name ? [answer(call.account)] : [],
            ),
        ["name", "direction", ...PAGING],
    ),
    settings("GET", "accounts/{account}", "getAccount", ({ account }) => ({ result: answer(account) })),
    organizations(
        "GET",
        "accounts/{account}/access/organizations",
        "reading the service-token mode",
        ({ account }) => ({
            result: organization(account),
        }),
    ),
    organizations("PATCH", "accounts/{account}/access/organizations", "turning strict mode on", (call) => {
        const { account } = call;
        const body = bodyOf(call, organizationBody, 12130);
        if (body.strict_service_token_auth === false && isStrictForGood(account.organization))
            throw refused(12130, "strict_service_token_auth: cannot be turned off in this organization");
        Object.assign(account.organization, body, { updated_at: account.stamp() });
        account.changed("organization", account.id);
        return { result: organization(account) };
    }),
    verify("user/tokens/verify", "user"),
    verify("accounts/{account}/tokens/verify", "account"),
];

/** Route that verifies the API token. The routes for user tokens and for account tokens each reject the other kind. */
function verify(path: string, owner: "user" | "account"): Route {
    return {
        method: "GET",
        path,
        needs: [],
        usedBy: "checking the API token before `up`",
        run: ({ token }) => {
            if ((token.owner ?? "user") !== owner)
                throw new ApiError(401, { code: 1000, message: "Invalid API Token" });
            return {
                result: { id: token.id, status: "active" },
                messages: [{ code: 10000, message: "This API Token is valid and active" }],
            };
        },
    };
}

function answer(account: Account): object {
    return {
        id: account.id,
        name: account.name,
        type: "standard",
        settings: { enforce_twofactor: false },
        created_on: account.created.toISOString(),
    };
}
const organization = (account: Account): object => ({ ...account.organization });
