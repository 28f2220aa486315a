/// What is done about the content, its author's money, service or account, as the DSA Transparency Database tells them
/// apart. Its free-text "other" measures are not offered.
public enum Measure: String, CaseIterable, Sendable, Codable {
    case remove, disable, demote, label
    case ageRestrict = "age-restrict"
    case restrictInteraction = "restrict-interaction"
    case suspendPayments = "suspend-payments"
    case endPayments = "end-payments"
    case suspendServicePartly = "suspend-service-partly"
    case suspendService = "suspend-service"
    case endServicePartly = "end-service-partly"
    case endService = "end-service"
    case suspendAccount = "suspend-account"
    case endAccount = "end-account"

    /// What a measure restricts; of all but visibility a statement names one at most.
    enum Kind: CaseIterable {
        case visibility, monetary, provision, account

        /// The attribute of the statement.
        var attribute: String {
            switch self {
            case .visibility: "decision_visibility"
            case .monetary: "decision_monetary"
            case .provision: "decision_provision"
            case .account: "decision_account"
            }
        }

        /// The attribute with the day on which it ends.
        var endAttribute: String {
            switch self {
            case .visibility: "end_date_visibility_restriction"
            case .monetary: "end_date_monetary_restriction"
            case .provision: "end_date_service_restriction"
            case .account: "end_date_account_restriction"
            }
        }
    }

    var kind: Kind {
        switch self {
        case .remove, .disable, .demote, .label, .ageRestrict, .restrictInteraction: .visibility
        case .suspendPayments, .endPayments: .monetary
        case .suspendServicePartly, .suspendService, .endServicePartly, .endService: .provision
        case .suspendAccount, .endAccount: .account
        }
    }

    /// The database's word.
    var code: String {
        switch self {
        case .remove: "DECISION_VISIBILITY_CONTENT_REMOVED"
        case .disable: "DECISION_VISIBILITY_CONTENT_DISABLED"
        case .demote: "DECISION_VISIBILITY_CONTENT_DEMOTED"
        case .label: "DECISION_VISIBILITY_CONTENT_LABELLED"
        case .ageRestrict: "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED"
        case .restrictInteraction: "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED"
        case .suspendPayments: "DECISION_MONETARY_SUSPENSION"
        case .endPayments: "DECISION_MONETARY_TERMINATION"
        case .suspendServicePartly: "DECISION_PROVISION_PARTIAL_SUSPENSION"
        case .suspendService: "DECISION_PROVISION_TOTAL_SUSPENSION"
        case .endServicePartly: "DECISION_PROVISION_PARTIAL_TERMINATION"
        case .endService: "DECISION_PROVISION_TOTAL_TERMINATION"
        case .suspendAccount: "DECISION_ACCOUNT_SUSPENDED"
        case .endAccount: "DECISION_ACCOUNT_TERMINATED"
        }
    }
}
