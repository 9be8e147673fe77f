import { apisixCharts } from "../../resources/charts";
import type { Resource } from "../../resources/resource";
import { at, list, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

export const valuesSeen: Rule = {
    name: "values-seen",
    title: "The values of a chart are in its resource, and nothing changes them before Helm gets them.",
    reason: "Rules read only these values. A values file or a post-renderer could open a port or create any object, and no rule would see it.",
    example: {
        type: "kubernetes:helm.sh/v3:Release",
        inputs: { chart: "apisix", valueYamlFiles: [{ path: "more.yaml" }] },
    },
    check: ({ props, ...rest }: Resource) => {
        const isHelm = rest.type.startsWith("kubernetes:helm.sh/");
        const files = isHelm && list(props.valueYamlFiles).length > 0;
        const programs = ["postrender", "postRenderer"].filter(
            (field) => isHelm && ![undefined, null, "", UNKNOWN].includes(props[field] as string),
        );
        const objects = apisixCharts({ props, ...rest }).flatMap(({ values, where }) =>
            ["extraDeploy", "etcd.extraDeploy"]
                .filter((path) => list(at(values, path)).length > 0)
                .map((path) => `${where}.${path}`),
        );
        return [
            ...objects.map(
                (place) =>
                    `${place}: must be empty (got some objects). Declare them as resources, which the rules check.`,
            ),
            ...(files ? ["valueYamlFiles: must be empty (got some). Move their content into values."] : []),
            ...programs.map(
                (field) => `${field}: must be unset: its effect on the chart cannot be checked. Remove it.`,
            ),
        ];
    },
};
