/** Admission policies with which the API server rejects requests, as the owner of a cluster could configure them. */
import { RECORD } from "../../components/opt/conversion-phases";
import type { Rest } from "../rampart/kubernetes/rest";
import type { FailStep } from "./scene";

const BASE = "/apis/admissionregistration.k8s.io/v1";

/** An admission policy. */
interface Refusal {
    /** Name of the policy. */
    name: string;
    apiGroup: string;
    /** Plural name of the kind, for example `apisixroutes`. */
    resource: string;
    operation: "CREATE" | "UPDATE";
    /** CEL condition that selects the affected objects. @default all objects */
    about?: string;
    /** CEL condition that the affected objects must meet. @default none of them is admitted */
    must?: string;
    message: string;
}

/** Creates an admission policy, which applies after about a second. @returns a function that deletes it */
export async function refuse(rest: Rest, refusal: Refusal): Promise<() => Promise<void>> {
    const { name, apiGroup, resource, operation, about = "true", must = "false", message } = refusal;
    const kind = (of: string) => ({ apiVersion: "admissionregistration.k8s.io/v1", kind: of, metadata: { name } });
    const rule = { apiGroups: [apiGroup], apiVersions: ["*"], operations: [operation], resources: [resource] };
    await rest.call("POST", `${BASE}/validatingadmissionpolicies`, {
        ...kind("ValidatingAdmissionPolicy"),
        spec: {
            failurePolicy: "Fail",
            matchConstraints: { resourceRules: [rule] },
            matchConditions: [{ name: "about", expression: about }],
            validations: [{ expression: must, message }],
        },
    });
    await rest.call("POST", `${BASE}/validatingadmissionpolicybindings`, {
        ...kind("ValidatingAdmissionPolicyBinding"),
        spec: { policyName: name, validationActions: ["Deny"] },
    });
    return async () => {
        await rest.call("DELETE", `${BASE}/validatingadmissionpolicybindings/${name}`);
        await rest.call("DELETE", `${BASE}/validatingadmissionpolicies/${name}`);
    };
}

/** Makes a step of a conversion fail: the API server rejects its last write, which records its completion. */
export async function refuseStep(rest: Rest, step: FailStep): Promise<void> {
    const reached = (object: string) => `${object}.?data.?phase.orValue("") == "${step}"`;
    await refuse(rest, {
        name: "sandbox-fail-step",
        ...{ apiGroup: "", resource: "configmaps", operation: "UPDATE" },
        about: `object.metadata.name == "${RECORD}"`,
        must: `!(${reached("object")}) || ${reached("oldObject")}`,
        message: `this sandbox was brought up with --fail-step ${step}`,
    });
}
