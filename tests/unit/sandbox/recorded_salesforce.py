"""The one table of what the Salesforce stand-in answers otherwise than recorded: operation, difference, reason."""

from __future__ import annotations

from collections.abc import Iterator

BULK = "the first Bulk API, in XML; the stand-in imitates the second, which the vendor recommends"
PLANS = "a field of packages, plans or pages; the mapping has no use for it"
NEEDED = "a field that the mapping needs and the recorded org did not have"
COMPANY = "of the company's row only name, kind, zone and a few dates are imitated; the daemon reads no more"

_MISSING = {
    "describe Contact": """
        AssistantName AssistantPhone CleanStatus IsEmailBounced Jigsaw JigsawContactId LastCURequestDate
        LastCUUpdateDate LastReferencedDate LastViewedDate OtherPhone PhotoUrl""",
    "describe Lead": """
        CleanStatus CompanyDunsNumber DandbCompanyId EmailBouncedDate EmailBouncedReason Jigsaw JigsawContactId
        LastReferencedDate LastViewedDate PhotoUrl""",
    "describe Opportunity": """
        CampaignId ExpectedRevenue Fiscal FiscalQuarter FiscalYear ForecastCategory ForecastCategoryName
        HasOpenActivity HasOpportunityLineItem HasOverdueTask IsPrivate LastActivityDate LastAmountChangedHistoryId
        LastCloseDateChangedHistoryId LastReferencedDate LastStageChangeDate LastViewedDate NextStep Pricebook2Id
        TotalOpportunityQuantity""",
}
_COMPANY = """
    Address City ComplianceBccEmail Country DefaultAccountAccess DefaultCalendarAccess DefaultCampaignAccess
    DefaultCaseAccess DefaultContactAccess DefaultLeadAccess DefaultLocaleSidKey DefaultOpportunityAccess
    DefaultPricebookAccess DelegatedAuthenticationServiceUrl Division Fax FiscalYearStartMonth GeocodeAccuracy Latitude
    Longitude MonthlyPageViewsEntitlement MonthlyPageViewsUsed NumKnowledgeService Phone PostalCode
    PreferencesAutoSelectIndividualOnMerge PreferencesConsentManagementEnabled PreferencesLightningLoginEnabled
    PreferencesOnlyLLPermUserAllowed PreferencesRequireOpportunityProducts PreferencesTerminateOldestSession
    PreferencesTransactionSecurityPolicy PrimaryContact ReceivesAdminInfoEmails ReceivesInfoEmails SignupCountryIsoCode
    State Street TrialExpirationDate UiSkin UsesStartDateAsFiscalYearName WebToCaseDefaultOrigin"""
_ADDED = {
    "describe Contact": "HasOptedOutOfEmail Product_Interests__c Syncd_Marketing_Id__c",
    "describe Lead": "HasOptedOutOfEmail Product_Interests__c Syncd_Marketing_Id__c",
    "describe Opportunity": "Syncd_Marketing_Id__c",
}


def _rows() -> Iterator[tuple[tuple[str, str], str]]:
    for method, status in (("POST", 200), ("POST", 201), ("GET", 200)):
        yield (f"{method} async", f"status {status}, not 404"), BULK
    for operation, names in _MISSING.items():
        yield from (((operation, f"{name} only recorded"), PLANS) for name in names.split())
    for operation, names in _ADDED.items():
        yield from (((operation, f"{name} only ours"), NEEDED) for name in names.split())
    yield from ((("GET sobjects/Organization", f"{name} only recorded"), COMPANY) for name in _COMPANY.split())


DIFFERENCES: dict[tuple[str, str], str] = dict(_rows())
