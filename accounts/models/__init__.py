from .api_key import ApiKey
from .driver import Driver
from .operator import Membership, Operator, Role, TaxRegime
from .sent_mail import SentMail
from .token import Token
from .user import User

__all__ = ["ApiKey", "Driver", "Membership", "Operator", "Role", "SentMail", "TaxRegime", "Token", "User"]
