from .api_key import ApiKey
from .company import Company, CompanyInvitation, CompanyMember
from .driver import Driver
from .group import DriverGroup
from .operator import Membership, Operator, Role, TaxRegime
from .sent_mail import SentMail
from .token import Token
from .user import User

__all__ = [
    "ApiKey",
    "Company",
    "CompanyInvitation",
    "CompanyMember",
    "Driver",
    "DriverGroup",
    "Membership",
    "Operator",
    "Role",
    "SentMail",
    "TaxRegime",
    "Token",
    "User",
]
