/** Admission policies by which the owner of a cluster rejects requests. */
import { RECORD } from "../../components/opt/conversion-phases";
import type { Rest } from "../rampart/kubernetes/rest";
import type { FailStep } from "./scene";

const BASE = "/apis/admissionregistration.k8s.io/v1";

/** An admission policy. */
interface Refusal {
    /** Name of the policy. */
    name: string;
    apiGroup: string;
    /** For example `apisixroutes`. */
    resource: string;
    operation: "CREATE" | "UPDATE";
    /** Condition for the affected objects, in CEL. @default all */
    about?: string;
    /** Condition that objects must meet, in CEL. @default no object is admitted */
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

/** Rejects the last write of a step of a conversion: the record of its completion. Rehearsals are not affected. */
export async function refuseStep(rest: Rest, step: FailStep): Promise<void> {
    const reached = (object: string) => `${object}.?data.?phase.orValue("") == "${step}"`;
    await refuse(rest, {
        name: "sandbox-fail-step",
        ...{ apiGroup: "", resource: "configmaps", operation: "UPDATE" },
        about: `object.metadata.name == "${RECORD}" && !object.metadata.namespace.endsWith("-rehearsal")`,
        must: `!(${reached("object")}) || ${reached("oldObject")}`,
        message: `this sandbox was brought up with --fail-step ${step}`,
    });
}
