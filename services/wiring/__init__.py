"""The one place that knows machines: which source, which stores, which publisher, which clock. What is here, others may
ask for; each file has one part of it, and `serving` puts the parts together.
"""

from services.wiring.books import books_named as books_named
from services.wiring.books import books_there as books_there
from services.wiring.books import open_books as open_books
from services.wiring.books import open_journal as open_journal
from services.wiring.books import open_quarantine as open_quarantine
from services.wiring.books import read_books as read_books
from services.wiring.books import shadow_there as shadow_there
from services.wiring.broker import MemoryEnds as MemoryEnds
from services.wiring.broker import broker_ends as broker_ends
from services.wiring.channels import limits_of as limits_of
from services.wiring.channels import sending as sending
from services.wiring.files import editions_of as editions_of
from services.wiring.files import rules_of as rules_of
from services.wiring.files import shadow_rules_of as shadow_rules_of
from services.wiring.files import site_of as site_of
from services.wiring.nodes import Led as Led
from services.wiring.nodes import alone as alone
from services.wiring.nodes import alone_as_store as alone_as_store
from services.wiring.nodes import clock_of_books as clock_of_books
from services.wiring.nodes import leader_there as leader_there
from services.wiring.nodes import leading as leading
from services.wiring.people import answering_links as answering_links
from services.wiring.people import key_of_service as key_of_service
from services.wiring.people import knows_people as knows_people
from services.wiring.people import people_of as people_of
from services.wiring.people import reception_of as reception_of
from services.wiring.readings import columns_of as columns_of
from services.wiring.readings import history_of as history_of
from services.wiring.readings import influx_of as influx_of
from services.wiring.readings import influx_setup as influx_setup
from services.wiring.readings import retelling_of as retelling_of
from services.wiring.readings import rollups_of as rollups_of
from services.wiring.readings import why_no_influx as why_no_influx
from services.wiring.serving import service as service
