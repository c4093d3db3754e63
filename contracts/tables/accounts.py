"""Files of accounts to be opened: what their columns may mean, and how these are called."""

from collections.abc import Mapping
from typing import Final

from contracts.tables.meaning import IGNORE, Meaning

ACCOUNT_MEANINGS: Final = (
    Meaning("name", "Account name", "account name", is_required=True),
    Meaning("email", "Administrator's e-mail", "e-mail", is_required=True),
    Meaning("first_name", "Administrator's first name", "first name", is_required=True),
    Meaning("last_name", "Administrator's last name", "last name", is_required=True),
    Meaning("full_name", "First and last name, such as Ann Archer", "full name"),
    Meaning("full_name_last_first", "Last name, first name, such as Archer, Ann", "full name"),
    Meaning("phone", "Administrator's phone number", "phone number", is_required=True),
    Meaning("plan_name", "Plan name", "plan name"),
    Meaning("users", "Number of users", "users"),
    Meaning("cost_per_user", "Cost per user and month", "cost per user", is_required=True),
    Meaning("rate_sheet", "Rate sheet, by name or ID", "rate sheet"),
    Meaning("numbers", "Phone numbers to assign", "numbers"),
    Meaning("spare_numbers", "How many numbers of which country, such as 2 GB", "spare numbers"),
    Meaning("countries", "Opened countries with minutes, such as IN 300, GB 100", "countries"),
    Meaning("domestic_policy", "Calls at home (included or rated)", "calls at home"),
    Meaning("premium_allowed", "Premium numbers allowed (yes or no)", "premium numbers"),
    Meaning("credit", "Credit to add", "credit"),
    Meaning("credit_note", "Note for the credit", "note for the credit"),
    Meaning("billing_line1", "Billing address, line 1", "address line 1"),
    Meaning("billing_line2", "Billing address, line 2", "address line 2"),
    Meaning("billing_locality", "Billing address, city", "city"),
    Meaning("billing_region", "Billing address, state or region", "region"),
    Meaning("billing_postal_code", "Billing address, postal code", "postal code"),
    Meaning("billing_country", "Billing address, country", "billing country"),
    Meaning("tax_id", "Tax ID", "tax ID"),
    Meaning("send_welcome", "Send the welcome e-mail (yes or no)", "welcome e-mail"),
    Meaning("currency", "Currency; refuse rows in another one", "currency"),
    Meaning(IGNORE, "Ignore this column"),
)

ACCOUNT_OVERLAPS: Final[Mapping[str, tuple[str, ...]]] = {
    "full name": ("first name", "last name"),
}

SURE_ACCOUNT_NAMES: Final[Mapping[str, str]] = {
    "name": (
        "account,account name,name,customer,customer name,company,company name,client,client name,"
        "organisation,organization,organisation name,organization name,business,business name"
    ),
    "email": (
        "email,e mail,email address,e mail address,administrator email,admin email,contact email,"
        "administrator e mail,admin e mail,contact e mail,mail"
    ),
    "first_name": (
        "first name,firstname,given name,forename,administrator first name,admin first name,"
        "contact first name"
    ),
    "last_name": (
        "last name,lastname,surname,family name,administrator last name,admin last name,"
        "contact last name"
    ),
    "phone": (
        "phone,contact number,contact phone,telephone,mobile,mobile number,mobile phone,"
        "administrator phone,admin phone,contact phone number,cell phone"
    ),
    "plan_name": "plan name,service plan,service plan name",
    "users": (
        "users,number of users,no of users,user count,seats,number of seats,extensions,"
        "number of extensions,licences,licenses"
    ),
    "cost_per_user": (
        "cost per user,price per user,cost user,price user,cost per seat,price per seat,"
        "cost per extension,price per extension,monthly cost per user,monthly price per user,"
        "cost per user and month,price per user and month,user price"
    ),
    "rate_sheet": "rate sheet,ratesheet,rate sheet name,rate sheet id,rates",
    "numbers": "numbers,phone numbers,dids,did numbers,ddis,assigned numbers",
    "spare_numbers": "spare numbers,new numbers,numbers wanted",
    "countries": (
        "countries,opened countries,countries minutes,countries and minutes,bundles,"
        "countries with minutes,bundled minutes"
    ),
    "domestic_policy": "domestic policy,domestic calls,calls at home",
    "premium_allowed": "premium allowed,premium numbers,premium numbers allowed",
    "credit": "credit,opening credit,initial credit,prepaid credit,credit to add,starting credit",
    "credit_note": "note for the credit,note of the credit,credit comment,credit memo",
    "billing_line1": (
        "address line 1,address 1,address1,street,street address,billing address line 1,"
        "billing street,billing address 1,line1,billing line1"
    ),
    "billing_line2": (
        "address line 2,address 2,address2,billing address line 2,billing address 2,line2,"
        "billing line2"
    ),
    "billing_locality": "city,town,billing city,locality,billing locality",
    "billing_region": (
        "state,county,province,region,billing state,billing region,billing province,billing county"
    ),
    "billing_postal_code": (
        "postal code,postcode,post code,zip,zip code,billing postal code,billing postcode,"
        "billing zip"
    ),
    "billing_country": "billing country,address country,billing address country",
    "tax_id": (
        "tax id,tax number,tax no,vat,vat id,vat number,vat no,vat registration number,gst number,"
        "gstin,ein,tin"
    ),
    "send_welcome": "send welcome,welcome e mail,welcome email,send welcome e mail",
    "currency": "currency,currency code",
    IGNORE: "comment,comments,remark,remarks",
}

UNSURE_ACCOUNT_NAMES: Final[Mapping[str, str]] = {
    "full_name": (
        "contact,contact name,contact person,administrator,administrator name,admin,admin name,"
        "full name,person"
    ),
    "phone": "phone number,number,tel,cell",
    "plan_name": "plan,package,product",
    "cost_per_user": "price,cost,monthly price,monthly cost,monthly fee,rate,fee",
    "rate_sheet": "tariff,price list,rate plan,rate deck,rate card",
    "numbers": "did,ddi,assigned number",
    "spare_numbers": "number country,number of numbers",
    "credit": "balance,deposit,top up,prepayment,amount,credit amount",
    "credit_note": "note,notes,payment reference",
    "billing_line1": "address,billing address,postal address",
    "billing_country": "country",
    IGNORE: (
        "id,account id,realm,domain,status,state of the account,created at,created,time zone,"
        "timezone,reference,external id,customer id,customer number,account number,password,"
        "language"
    ),
}

OWN_EXPORT_SIGNATURE: Final = frozenset(
    (
        *("id", "name", "realm", "status", "administrator", "email", "phone", "plan", "users"),
        *("cost per user", "numbers", "balance", "currency", "created at"),
    )
)
"""All columns of our own list, so that no other file is taken for it and its balance ignored."""

OWN_EXPORT_SURE: Final[Mapping[str, str]] = {
    "full_name": "administrator",
    "plan_name": "plan",
    IGNORE: "id,realm,status,balance,created at",
}
OWN_EXPORT_COUNTS: Final = "numbers"
"""How many an account has, not which. With numbers typed over the counts, it means those."""
