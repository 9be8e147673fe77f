/** The `--json` output of each command, for the reference of the command line. */

const EDIT = "`{stack, changed, file, diff, effects, warnings, review, next}`; `review` without `--yes`";
const REVIEW = "`{stack, changes, findings: [{code, severity, says, evidence, todo}]}`";
const CREDENTIALS =
    "credentials: [{id, method, algorithm, state, expires, daysLeft, secretVersion, previousSecretExpires, fingerprint, lastHandout, lacksSecretSince}]";
const PLAN = "`{stack, phase, to, steps: [{phase, does, callers}], budgetMinutes, returnMinutes, problems}`";
const STATUS = "`{stack, phase, isComplete, underWay, attempt: {number, to, by, pid, at}, closedSince, next, pending}`";
const CALLERS =
    "[{caller, kind, requests, successes, unsuccessful: [{status, requests}], bytesSent, tokens: {models: [{model, prompt, completion}], uncountedAnswers}}]";

/** JSON output by noun and verb. Every command with `--json` must be in this table. */
export const JSON_DOCUMENTS: Record<string, string> = {
    "consumer list":
        "list of `{consumer, credential, live, problems, …}`, one for each credential; with `--expiring` of `{consumer, credential, expires, days}`",
    "consumer show": `\`{stack, name, class, limits, ownLimits, ${CREDENTIALS}}\`; \`state\` is that of the config, applied or not`,
    "consumer usage": `\`{stack, since, from, to, callers: ${CALLERS}}\`; \`kind\` is \`caller\`, \`unknown\` (not in the config), \`verification\` (option \`intra-b\`) or \`no-caller\`, whose \`caller\` is \`null\`; \`tokens\` only with an OpenAI-compatible server`,
    "consumer add": EDIT,
    "consumer set-limits": EDIT,
    "consumer rotate": EDIT,
    "consumer revoke": EDIT,
    "consumer remove": EDIT,
    "consumer prune-expired": "the review with `changed`",
    "consumer handout": "`{stack, consumer, credentials, url, recipients, out, page}`; `page` is `null` with `--out`",
    "token issue": "`{stack, consumer, credential, token, expires}`",
    "stack drift": REVIEW,
    "stack review": "the review with `accepted`, `notAccepted` and, if the policy pack rejects it, `refusal`",
    "stack apply": "the review with `changed`",
    "stack rollback": "the review with `changed` and `newCredentials`",
    "stack history":
        "list of versions: `{number, kind, result, start, message, commit, dirty, who, changes, option, changed}`",
    "stack diff": "`{from, to, effects, commits}`; `commits` are those of the two versions",
    "check dns": "list of `{name, type, …, equal}`",
    "check exposure": "`{ports, entry}`",
    "check smoke": "`{stack, url, checks, latency, versions, notTried}`",
    "convert plan": PLAN,
    "convert status": STATUS,
    "convert run":
        "`{stack, outcome, to, why}`; `outcome` is `converted`, `returned` or `none`. Without `--yes`: the document of `convert plan`",
    "convert abort": "the document of `convert run`. Without `--yes`: the document of `convert status`",
};
