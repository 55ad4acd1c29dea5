"""Users and groups as Canaille 0.3.6 provisions them, with the packages that it names: scim2-client 0.7.5 on scim2-models 0.6.12,
which stop at a member of ServiceProviderConfig that they do not know.

Usage: python -I canaille.py BASE_URL, with the secret in the environment variable SCIM_SECRET. Prints nothing and exits with 0 if
all is well.
"""

import os
import sys

from httpx import Client
from scim2_client.engines.httpx import SyncSCIMClient
from scim2_models import SearchRequest


def found(scim, model, canaille_id):
    """The distant resource, which is looked for by externalId before every change."""
    request = SearchRequest(filter=f'externalId eq "{canaille_id}"')
    resources = scim.query(model, query_parameters=request).resources
    return resources[0] if resources else None


def save(scim, model, resource):
    """Creates the resource, or replaces what is there."""
    distant = found(scim, model, resource.external_id)
    if distant is None:
        return scim.create(resource)
    resource.id = distant.id
    return scim.replace(resource)


def live(scim):
    scim.discover()
    User, Group = scim.get_resource_model("User"), scim.get_resource_model("Group")
    EnterpriseUser = User.get_extension_model("EnterpriseUser")
    user = User(user_name="ada", external_id="canaille-1", active=True, display_name="Ada")
    user.name = User.Name(given_name="Ada", family_name="Lovelace", formatted="Ada Lovelace")
    user.emails = [User.Emails(value="ada@canaille.test", primary=True)]
    user[EnterpriseUser] = EnterpriseUser(department="Research", employee_number="1")
    made = save(scim, User, user)
    assert made.id and made.active is True, made
    user.title = "Countess"
    again = save(scim, User, user)
    assert again.id == made.id and again.title == "Countess", again

    member = found(scim, User, "canaille-1")
    group = Group(display_name="Analysts", external_id="canaille-g")
    group.members = [
        Group.Members(value=member.id, type="User", display="Ada", ref=member.meta.location)
    ]
    group = save(scim, Group, group)
    assert [member.value for member in group.members] == [made.id], group
    scim.delete(Group, found(scim, Group, "canaille-g").id)
    scim.delete(User, made.id)
    assert found(scim, User, "canaille-1") is None


def main():
    headers = {"Authorization": "Bearer " + os.environ["SCIM_SECRET"]}
    with Client(base_url=sys.argv[1], headers=headers) as http:
        live(SyncSCIMClient(http))


if __name__ == "__main__":
    main()
