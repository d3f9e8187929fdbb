"""The words a statement may be made of besides those of its receipts: what is not here, nobody has thought through."""

ENGLISH = frozenset(
    """
goodbye passed exist such explaining far sharing bearing figuring wondering considering quickest easiest heads weird awesome fantastic terrific delighted super gotcha yourself kindly errand schedule driveway rides daughter son wife husband brother sister mom dad connect connecting frustrating frustrated annoying annoyed money budget rebook pricier pricey expensive steep laterals hassle paid steps summary recap overview details daily
a able afraid valid letting finding about above absolutely accurate across actually add added adding address after afternoon afternoons afterwards again ago agree ahead ai alike all allow almost alone along already alright also although always
am among an and another answer answered answers any anybody anyone anything anytime apart apologies apologize appointment appointments appreciate are area aren't around as aside ask asked asking asks assist assistance
assistant at available availability away back base based basic be because become been before begin begins behind being believe below beside besides best better between beyond big bit bits blank book booked booking
bookings both bother bring bringing broad but button buttons by bye calendar call called calls came can can't cancel cancellation cancelled canceled cancelling cannot car care careful carefully case cases catalog change
changed changes changing charge charges chat check checked checking choice choices choose chosen clarify class clean clear clearly close closed closer closes closest closing cold colleague color come comes comfortable coming
compare compared complaint complete completely concern concerns confirm confirmed confirming confused confusing confusion congrats consider considering contact convenient conversation cool correct correctly cost costs could couldn't
couple course cover covered covers customer customers dark darker date dates day days decide decided decision definitely delay depend depending depends describe detail details did didn't differ difference different difficult
directly directions do does doesn't doing don't done doubt drive driver driving drop dropping due during each earlier earliest early easier easily easy either else end ended ends enjoy enough ensure entire especially
even evening evenings ever every everybody everyone everything exact exactly example excellent excited explain explained extra eye fair familiar fast fastest favorite feel few fewer figure film films final find fine finish finished
first fit fits fixed follow following follows for forget form forward found free fresh friend friendly friends from front full fully further future gave general get gets getting gift give given gives giving glad glass go goes going
gone good got great greatest greetings grief guess guide had haha half hand handle happen happened happening happens happy hard has hasn't have haven't having he hear heard held hello help helped helpful helping helps her here
here's hers hey hi high higher him his hmm hold holding holds hope hoping hour hours how however i i'd i'll i'm i've idea if imagine important in include included includes including indeed info information inside instead
interest interested into is isn't it it'd it'll it's its itself job join just keep keeping keeps kept kind kinds know knowing known knows last lasts late later latest leave leaving left length less let let's like liked likely
likes line link list listed lists little live local location locations long longer look looked looking looks lot lots love lovely made main mainly make makes making man manage many match matter may maybe me mean means meant
meanwhile meet mention mentioned message messages met might mind mine minute minutes miss missed mistake model moment months more morning mornings most mostly move moved moving much must my myself name named near nearest nearby need
needed needs neither never new newer next nice no nobody none nor normal normally not note noted nothing notice now number of off offer offered offers offering often oh ok okay old older on once one ones only onto
open opened opening openings opens option options or order original other others our ours out outside over overall own owner page part particular parts past patience patient people per perfect perfectly perhaps person personal
personally phone photo photos pick picked picking picks place plan planning plans please pleased pleasure plus point popular possible prefer preference preferred prefers prepare press pretty prices price priced pricing private
probably problem proceed prompt proper properly public purpose question questions quick quickly quiet quite quote quoted quotes rather reach reached reaching read ready real really rear reason reasons received recommend regarding
regular relate related remember remind remove removed removal removing reply request requests require required reschedule rescheduled reserve reserved reserves respond rest result return review right roll roughly round run
running runs safe said same saw say saying says schedule scheduled scheduling second seconds see seeing seem seems seen select selected send sense separate separately service services set several shall share shared she shop
shop's short should shouldn't show showed showing shown shows side sides similar simple simply since sir sits slot slots small smaller so some somebody somebody's someone something sometimes somewhat soon sooner soonest sorry sort
sound sounds speak speaking specific specifically spot spots standard start started starting starts stay stays step steps still stop street such suggest suggestion suit suitable suits sure surface switch system take taken
takes taking talk talking tap team tell telling than thank thanks that that'd that'll that's the their theirs them themselves then there there'd there'll there's these they they'd they'll they're they've thing things think thinking
this those though thought through tight till time times timing tint tinted tinting tints to together told tomorrow tonight too took top total touch toward towards transfer tricky tried trip true trust try trying turn two type types typically
under understand understandable understood unfortunately unless unsure until up upon us use used useful using usual usually vehicle vehicles version very via view virtual visit visits wait waiting want wanted wants warm was wasn't
watch way ways we we'd we'll we're we've week weekday weekdays weekend weekends weeks welcome well went were weren't what what's whatever when whenever where where's whether which while who whole why will window windows wish wishes
with within without woman won't wonder wonderful word words work worked working works worried worries worry worth would wouldn't wow write wrong year years yep yes yet you you'd you'll you're you've your yours yourself
""".split()
)

SPANISH = frozenset(
    """
propia propio solicitud paso responda bajar rebajar asunto ayudarles aclarar explicar explicarle genial estupendo fantastico listado enseguida ocupado mandar bastante laterales quedo trasero traseros lamentablemente desafortunadamente presupuesto sabria conectar revisar quedan caro cara molesto molestia resumen
a perdon perdone escribir escribirnos escribirme comunicarse contactar contactarnos equipo taller avisar valida valido vemos abajo abre abren abrimos abierta abiertas abierto abiertos acaso aceptar acerca acuerdo adelante ademas adios afuera agenda agendar agendo agradezco agregar ahi ahora al algo alguien algun alguna algunas alguno algunos alli antes
aparte apartar aparto apartando apenas aproximadamente aqui arriba asi asistente atencion atras atender aun aunque auto automovil ayuda ayudar ayudarle ayudarlo ayudarla ayudarte ayudo azul bajo basta bien bienvenida bienvenido bonito buen buena buenas bueno
buenos busca buscar busco cada calendario calidad cambia cambiar cambio cambios cancela cancelacion cancelada cancelar carro carros casi caso catalogo cerca chat cierra cierran cita citas clara claro clase clic cliente cobra cobrar coche como completa
completo con confirma confirmacion confirmada confirmar confirmado conmigo consulta consultar contar contigo contar conviene correcta correcto correr corta corto cosa cosas cotizacion coste costo cual cuales cualquier cuando cuanta cuanto cubre cuesta cuestan
cuidado da dan dar darle de debe decidir decir decirle decirme dejar del demas dentro depende desde desea despues detalle detalles dia dias dice diferencia diferente dime direccion diga dígame digame disculpa disculpe disponibilidad disponible disponibles donde
dos dudas duda dura duracion e el ella ellas ellos elegir elige elija empieza en encantado encantada encontre encontrar encontrado encuentra encuentro entender entendi entendido entiendo entonces entre era eres es esa esas ese eso esos espera esperar
esta estaba estado estamos estan estar estara estas este esto estos estoy estuvo exacto exactamente excelente existe fecha fechas fin final fue fuera funciona gracias gran grande gusta gustaria gusto ha haber hablar hace hacemos hacen hacer hacerlo haga
hago han hasta hay he hecho hemos hola hora horario horarios horas hoy humano igual importante incluye indica indique indiqueme informacion interesa interesado interesada ir jamas jueves junto la lado larga largo las le lejos les libre libres lista listo llama
llamar llamarlo llega llegar llevar lleva lo local lo los luego lugar lugares lunes manana mañana manera martes mas mayor me mediodia medio mejor menos mensaje mensajes mes mi mia miercoles mientras minuto minutos mio mis misma mismo modelo modo momento
mostrar mostrarle mover mucha muchas mucho muchos muy nada nadie necesita necesito ni ningun ninguna ninguno no noche nombre nos nosotros nota nueva nuevas nuevo nuevos numero nunca o ofrecemos ofrecer ofrece ojala opcion opciones orden otra otras otro
otros para parece parte partir pasado pasa pasar pedir pelicula pero persona personal personas pesar plan poca poco podemos poder podria podriamos pone poner por porque posible precio precios prefiere preferencia pregunta preguntar preguntas primer primera
primero problema proximo proxima puede pueden puedo pues punto que queda quedan quedar quien quiera quiere quieres quisiera quitar quiza quizas razon real realmente recibe recibir recomiendo recuerde regresar repetir reserva reservada reservado reservar
reservo respecto responde responder respondere responderá respondera respuesta sabado saber sabe sale se sea segun segunda segundo seguro semana semanas sencillo sera seran seria serian servicio servicios servir ser si sido siempre siento siga sigue siguiente
siguientes sin sino sirve sitio sobre sola solamente solo somos son soy su sucede sugiero sus taller tal tambien tampoco tan tanto tarda tarde tardes te telefono temprano ten tendra tendria tendre tener tenemos tenga tengo tiempo tiene tienen tipo tipos
tinte tintes toda todas todavia todo todos toma tomar total trabajo tras tres tu turno tus ultima ultimo un una unas unica unico uno unos usar usted ustedes va vale vamos van varias varios vehiculo vehiculos ven venga venir ventana ventanas ver vera
verdad verde ves vez vidrio vidrios viernes virtual volver voy y ya yo cita estara entienda lamento digo hagamos
""".split()
)
