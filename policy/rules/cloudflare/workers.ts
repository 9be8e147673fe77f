import { protectedNames } from "../../resources/cloudflare";
import { kindOf } from "../../resources/resource";
import { isUnknown } from "../../resources/values";
import { when, type Rule } from "../rule";

export const workersOwn: Rule = {
    name: "workers-own",
    title: "Only a Worker of this stack gets requests, after Access has admitted them.",
    reason: "A Worker sees each prompt and each answer, and can send them anywhere. If a Worker answers a request itself, the connector does not check that request.",
    example: {
        type: "cloudflare:index/workersRoute:WorkersRoute",
        inputs: { pattern: "*example.com/*", script: "other" },
    },
    check: (resource) => {
        const { pattern } = resource.props;
        return when(
            kindOf(resource) === "WorkersRoute" && !isUnknown(pattern) && !WHOLE.test(String(pattern)),
            "pattern: must be one full host name followed by /*. With another pattern, requests pass no Worker or a different one.",
        );
    },
    checkStack: (resources) => {
        const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
        const scripts = of("WorkersScript").map(({ props }) => props.scriptName);
        const covered = protectedNames(resources);
        return of("WorkersRoute").flatMap(({ urn, props: { pattern, script } }) => {
            const isOwn = [script, ...scripts].some(isUnknown) || scripts.includes(script);
            const isCovered =
                [pattern, ...covered].some(isUnknown) || covered.some((name) => pattern === `${String(name)}/*`);
            return [
                ...when(!isOwn, "script: must be a Worker of this stack. Name one, or remove the route."),
                ...when(
                    !isCovered,
                    "pattern: must be for a host name that this stack's Access application covers. Correct it.",
                ),
            ].map((message) => ({ urn, message }));
        });
    },
};

const WHOLE = /^[a-z0-9-]+(\.[a-z0-9-]+)+\/\*$/;
